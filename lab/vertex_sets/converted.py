"""Sequences as the field's baselines convert them: one npy of vertices and one wav for each sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from lab.vertex_sets.dataset import (
    Floats,
    Split,
    VertexSequence,
    read_flat_vertices,
)
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import load_audio

VERTICES, AUDIO = "vertices_npy", "wav"
"""Folders of a converted set."""


def converted_sequences(
    folder: Path,
    splits: tuple[Split, ...],
    subjects: Iterable[str],
    vertex_count: int,
    *,
    every: int = 1,
    subject_of: Callable[[str], str] = str,
    restore: Callable[[Floats], Floats] | None = None,
) -> tuple[tuple[VertexSequence, ...], tuple[str, ...]]:
    """Find the sequences of ``vertices_npy/SUBJECT_SENTENCE.npy`` that have a recording and a split.

    Args:
        folder: of the set.
        splits: what is used of it.
        subjects: who has a template.
        vertex_count: V.
        every: 2 takes every second frame.
        subject_of: the subject's usual name for the one in a file's name.
        restore: from the numbers in the files to the set's own unit.

    Returns:
        The sequences in the order of the splits, and notes on what is missing.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when there is no folder of vertices.
    """
    if not (folder / VERTICES).is_dir():
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{folder} holds no folder {VERTICES}. Give the folder of the data set, as delivered or as "
            "converted; docs/datasets.md shows both.",
        )
    known = set(subjects)
    there: dict[tuple[str, int], tuple[str, str]] = {}
    for path in sorted((folder / VERTICES).glob("*_*.npy")):
        named, sentence = path.stem.rsplit("_", 1)
        digits = re.search(r"\d+$", sentence)
        if digits and (folder / AUDIO / f"{path.stem}.wav").is_file() and subject_of(named) in known:
            there[subject_of(named), int(digits.group())] = (path.stem, sentence)

    def read(stem: str) -> Floats:
        vertices = read_flat_vertices(folder / VERTICES / f"{stem}.npy", vertex_count, every)
        return restore(vertices) if restore else vertices

    sequences, missing = [], []
    for split, subject, number in wanted(splits):
        if (subject, number) not in there:
            missing.append(f"{subject}, sentence {number}")
            continue
        stem, sentence = there[subject, number]
        audio = partial(load_audio, folder / AUDIO / f"{stem}.wav")
        sequences.append(VertexSequence(subject, sentence, split, audio, partial(read, stem)))
    return tuple(sequences), missing_note(missing)


def wanted(splits: tuple[Split, ...]) -> list[tuple[str, str, int]]:
    """Return split, subject and number of every sentence that some split uses."""
    return [
        (split.name, subject, number)
        for split in splits
        for subject in split.subjects
        for number in split.sentences
    ]


def missing_note(missing: list[str]) -> tuple[str, ...]:
    """Say which sequences are not there, if any."""
    if not missing:
        return ()
    named = "; ".join(missing[:3]) + ("; and others" if len(missing) > 3 else "")
    return (f"{len(missing)} sequences of the splits are not there or not whole: {named}.",)
