"""Building the training corpus: every source that is there, motion for what nobody filmed, the manifest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmtalker.data.articulation import animate_unfilmed
from mmtalker.data.corpus import Source, read_clips, write_manifest
from mmtalker.data.sources import facegood, grid, kokoro, read_speech
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.progress import Progress, silent, span

HEADS = Path("heads") / "ict_facekit"
"""Head model that training takes from the corpus folder."""

ABSENT = (ErrorCode.BAD_REQUEST, ErrorCode.WEIGHTS_MISSING)
"""What is raised where something that a source needs is not there, and not where it is damaged."""

FILMED = "filmed"
"""What a :class:`Source` says of its motion where it is real."""

SHARE_OF_SOURCES = 0.8
"""Of the progress; the rest is articulation."""

Articulate = Callable[[Path, Progress], object]
"""Writes the motion of every clip of a corpus that has phones and was not filmed."""


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
        Recipe(grid.SOURCE, data / "grid_s1", partial(grid.build, data)),
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
    articulate: Articulate = animate_unfilmed,
) -> dict[str, Any]:
    """Write what the corpus ``out`` does not hold yet, and return its manifest.

    Args:
        sources: all of them.
        out: folder of the corpus, made if need be.
        progress: told about the whole.
        say: told a sentence for each source that is left out.
        only: names of the sources to build; all that are there if empty. The manifest lists what others
            are in the folder already.
        articulate: animates the speech that nobody filmed, where some of it has no motion yet.

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
    building = span(progress, 0.0, SHARE_OF_SOURCES)
    for place, recipe in enumerate(chosen):
        try:
            part = span(building, place / len(chosen), (place + 1) / len(chosen))
            _build(recipe, sources, out, part)
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
    manifest = write_manifest(out, present)
    if any(_unanimated(out, source) for source in present):
        try:
            articulate(out, span(progress, SHARE_OF_SOURCES, 1.0))
        except MMTalkerError as error:
            if error.code not in ABSENT:
                raise
            say(f"Without motion for speech that nobody filmed: {error.message}")
    return manifest


def _build(recipe: Recipe, sources: Sequence[Recipe], out: Path, progress: Progress) -> None:
    """Build a source. Whatever was articulated before there was more film to learn from is taken out."""
    _check(recipe)
    before = len(read_clips(out, recipe.source.name))
    try:
        recipe.build(out, progress)
    finally:
        if recipe.source.motion == FILMED and len(read_clips(out, recipe.source.name)) > before:
            for other in sources:
                if other.source.motion != FILMED:
                    for motion in (out / other.source.name).glob("*.npz"):
                        motion.unlink()


def _unanimated(out: Path, source: Source) -> bool:
    """Say whether a clip of a source could be articulated and has no motion."""
    clips = read_clips(out, source.name) if source.motion != FILMED else []
    return any(clip.phones and not (out / source.name / f"{clip.name}.npz").exists() for clip in clips)


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
