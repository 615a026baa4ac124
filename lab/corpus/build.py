"""Building the training corpus: every source that is there, and the manifest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab.corpus.clips import Source, read_clips, write_manifest
from lab.sources import facegood, grid, kokoro, read_speech
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.progress import Progress, silent, span

HEADS = Path("heads") / "ict_facekit"
"""Head model that training takes from the corpus folder."""

ABSENT = (ErrorCode.BAD_REQUEST, ErrorCode.WEIGHTS_MISSING)
"""What is raised where something that a source needs is not there, and not where it is damaged."""


@dataclass(frozen=True)
class Recipe:
    """How a source comes into the corpus.

    Attributes:
        source: what it is called, and its licence.
        needs: folder that its recordings are read from; None where the user named none.
        build: writes the clips that are not there yet, called with the corpus folder and a progress.
    """

    source: Source
    needs: Path | None
    build: Callable[[Path, Progress], None]


def recipes(data: Path, voices: Path | None, jobs: int) -> tuple[Recipe, ...]:
    """Return all sources, those that others are learned from first.

    Args:
        data: folder of the recordings.
        voices: folder of Kokoro's voices, or None to do without.
        jobs: processes that may record at a time.
    """
    speak = partial(kokoro.build, voices or Path(), jobs=jobs)
    return (
        *(
            Recipe(part.source, data / part.folder, partial(grid.build, part, data))
            for part in (grid.ONE, grid.OTHERS)
        ),
        Recipe(facegood.SOURCE, data / "facegood", partial(facegood.build, data)),
        Recipe(kokoro.SOURCE, voices, speak),
        *(
            Recipe(
                reader.source,
                data / read_speech.FOLDER / reader.source.name,
                partial(read_speech.build, reader, data),
            )
            for reader in read_speech.READERS
        ),
    )


def build_corpus(
    sources: Sequence[Recipe],
    out: Path,
    progress: Progress = silent,
    say: Callable[[str], None] = print,
    only: Sequence[str] = (),
) -> dict[str, Any]:
    """Write what the corpus ``out`` does not hold yet, and return its manifest.

    Args:
        sources: all of them.
        out: folder of the corpus, made if need be.
        progress: told about the whole.
        say: told a sentence for each source that is left out.
        only: names of the sources to build; all that are there if empty. The manifest lists what others
            are in the folder already.

    Raises:
        MMTalkerError: BAD_REQUEST when a name in ``only`` is unknown or that source cannot be built, or when
            there is nothing to build; FILE_FORMAT when data of a source is damaged.
    """
    unknown = set(only) - {recipe.source.name for recipe in sources}
    if unknown:
        names = ", ".join(recipe.source.name for recipe in sources)
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST, f"There is no source {sorted(unknown)[0]!r}. The sources are: {names}."
        )
    chosen = [recipe for recipe in sources if not only or recipe.source.name in only]
    for place, recipe in enumerate(chosen):
        try:
            _check(recipe)
            recipe.build(out, span(progress, place / len(chosen), (place + 1) / len(chosen)))
        except MMTalkerError as error:
            if only or error.code not in ABSENT:
                raise
            say(f"Without {recipe.source.name}: {error.message}")
    present = [recipe.source for recipe in sources if read_clips(out, recipe.source.name)]
    if not present:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            "No source could be built. Give the folder that holds the recordings with --data.",
        )
    return write_manifest(out, present)


def _check(recipe: Recipe) -> None:
    """Raise BAD_REQUEST where a source's folder is not there."""
    if recipe.needs is None:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST, f"Its folder was not named. Give it with --{recipe.source.name} FOLDER."
        )
    if not recipe.needs.is_dir():
        raise MMTalkerError(ErrorCode.BAD_REQUEST, f"There is no folder {recipe.needs}.")


def copy_heads(data: Path, out: Path) -> None:
    """Copy the head model into the corpus, where training looks for it; nothing where there is none."""
    for path in sorted((data / HEADS).glob("*")):
        place = out / HEADS / path.name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            with replacing(place) as partial_file:
                shutil.copyfile(path, partial_file)
