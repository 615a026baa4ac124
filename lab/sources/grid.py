"""GRID in the corpus: filmed sentences of eleven people with how lips, jaw, lids and brows move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Clip, Motion, Source, has_clip, write_clip
from lab.fitting.contour_fit import FITTED_CHANNELS
from lab.fitting.motion_fit import fit_motion
from lab.heads.ict import load_ict
from lab.phonetics.grid_phones import grid_phones, with_word_times
from lab.phonetics.phone_speech import Phone
from lab.phonetics.sphinx import SphinxAligner
from lab.sources.grid_files import GRID_FPS, PAUSES, GridClip, GridMotion, load_grid
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import load_audio

Float32 = NDArray[np.float32]

LICENCE = "GRID corpus, Cooke, Barker, Cunningham and Shao 2006, CC BY 4.0"


@dataclass(frozen=True)
class Recordings:
    """A part of GRID.

    Attributes:
        source: of the corpus.
        folder: of the recordings, within that of the data.
        test_set: index of a clip, its speaker and words -> the test set of it, None for training.
    """

    source: Source
    folder: str
    test_set: Callable[[int, str, list[str]], str | None]


HELD_OUT_EVERY = 10
"""Each tenth sentence is kept for tests."""

HELD_OUT_WORDS = ("m", "v")
"""Letters that no training clip says: a lip closure and a lower lip at the teeth in words never heard."""

HELD_OUT_PEOPLE = ("s3", "s26", "s31")
"""Whom no training sees until every choice has been made: choices are made by them."""


def held_out_sentence(index: int, speaker: str, words: list[str]) -> str | None:
    """Return the test set of a recording of the one person who says a thousand sentences."""
    if index % HELD_OUT_EVERY == 0:
        return "grid-clips"
    return "grid-words" if any(word in HELD_OUT_WORDS for word in words) else None


def held_out_person(index: int, speaker: str, words: list[str]) -> str | None:
    """Return the test set of a recording of one of the other people."""
    return "grid-people" if speaker in HELD_OUT_PEOPLE else None


ONE = Recordings(Source("grid", LICENCE, "filmed"), "grid_s1", held_out_sentence)
OTHERS = Recordings(Source("grid-speakers", LICENCE, "filmed"), "grid_speakers", held_out_person)


def build(recordings: Recordings, data: Path, out: Path, progress: Progress = silent) -> None:
    """Write the clips that the corpus ``out`` does not hold yet, one person after another.

    Args:
        recordings: which part of GRID.
        data: folder of the training data, with the part's folder and ``heads/ict_facekit``.
        out: folder of the corpus.
        progress: told about the fit and then after every clip.

    Raises:
        MMTalkerError: FILE_FORMAT when the recordings or the head model cannot be read; BAD_REQUEST when
            the aligner of phones is not installed.
    """
    people = list(load_grid(data / recordings.folder).by_speaker())
    source = recordings.source.name
    for number, grid in enumerate(people):
        if all(has_clip(out, source, clip.name) for clip in grid.clips):
            continue
        part = span(progress, number / len(people), (number + 1) / len(people))
        _build_person(recordings, grid, data, out, part)


def _build_person(
    recordings: Recordings, grid: GridMotion, data: Path, out: Path, progress: Progress
) -> None:
    aligner = SphinxAligner()
    clips, phones = [], []
    for clip in grid.clips:
        samples = load_audio(clip.audio).samples
        clips.append(with_word_times(clip, samples, aligner))
        phones.append(grid_phones(clips[-1].words, samples, aligner))
        progress("finding phones", 0.5 * len(phones) / len(grid.clips))
    progress("fitting motion", 0.5)
    timed = replace(grid, clips=tuple(clips))
    activations = fit_motion(timed, load_ict(data), phones=phones).activations
    known = np.array([name in FITTED_CHANNELS for name in ARKIT_NAMES])
    write = span(progress, 0.8, 1.0)
    source = recordings.source.name
    for index, clip in enumerate(clips):
        if not has_clip(out, source, clip.name):
            motion = Motion(bridge_lost_frames(activations[clip.rows]), GRID_FPS, known)
            described = describe(recordings, index, clip, phones[index])
            write_clip(out, described, load_audio(clip.audio).samples, motion)
        write("writing clips", (index + 1) / len(clips))


def describe(recordings: Recordings, index: int, clip: GridClip, phones: tuple[Phone, ...]) -> Clip:
    """Return the corpus's description of a person's recording number ``index`` and its phones."""
    words = [word for _, _, word in clip.words if word not in PAUSES]
    return Clip(
        source=recordings.source.name,
        name=clip.name,
        speaker=f"grid-{clip.speaker}",
        language="en-GB",
        text=" ".join(words),
        phones=phones,
        test_set=recordings.test_set(index, clip.speaker, words),
    )


def bridge_lost_frames(rows: Float32) -> Float32:
    """Return (T, 52) curves without the NaN of frames in which no face was found; without any face, rest."""
    times = np.arange(len(rows))
    found = np.isfinite(rows).all(axis=1)
    if not found.any():
        return np.zeros_like(rows)
    filled = [np.interp(times, times[found], column) for column in rows[found].T]
    return np.stack(filled, axis=1).astype(np.float32)
