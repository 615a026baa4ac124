"""A corpus without some of its sources, as if nobody had ever seen them, to test on what training missed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.corpus.build import HEADS
from lab.corpus.clips import MANIFEST, read_corpus, write_manifest
from lab.phonetics.corpus_recogniser import RECOGNISER_FILE
from mmtalker.errors import ErrorCode, MMTalkerError


def leave_out(corpus: Path, out: Path, names: Sequence[str]) -> dict[str, Any]:
    """Write a corpus to ``out`` that has everything of ``corpus`` but the sources ``names``.

    Files are linked where the disk can.

    Returns:
        The new corpus's manifest.

    Raises:
        MMTalkerError: FILE_FORMAT when ``corpus`` is none; BAD_REQUEST for an unknown source, or when ``out``
            holds a corpus already.
    """
    whole = read_corpus(corpus)
    known = [source.name for source in whole.sources]
    for name in names:
        if name not in known:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST, f"{corpus} has no source {name!r}. It has {', '.join(known)}."
            )
    if (out / MANIFEST).exists():
        raise MMTalkerError(ErrorCode.BAD_REQUEST, f"{out} holds a corpus already. Name an empty folder.")
    kept = [source for source in whole.sources if source.name not in names]
    for source in kept:
        for path in (corpus / source.name).iterdir():
            _link(path, out / source.name / path.name)
    for path in (corpus / HEADS).glob("*"):
        _link(path, out / HEADS / path.name)
    if (corpus / RECOGNISER_FILE).exists():
        _link(corpus / RECOGNISER_FILE, out / RECOGNISER_FILE)
    return write_manifest(out, kept)


def _link(path: Path, place: Path) -> None:
    """Have a file at another place too, without a second copy of it where that can be."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)
