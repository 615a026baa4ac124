"""FACEGOOD as a source of the corpus: takes with an animated face and takes of audio alone, cut at pauses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from lab.corpus.clips import Clip, Motion, Source, has_clip, write_clip
from lab.sources.facegood_rig import FACEGOOD_FPS, KNOWN, Take, load_facegood
from mmtalker.motion.silence import loudness
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

Float32 = NDArray[np.float32]

SOURCE = Source(
    name="facegood",
    licence="FACEGOOD-Audio2Face, FACEGOOD Co., MIT",
    motion="filmed",
)

HELD_OUT_TAKE = "2_05"
"""The last take with curves is kept for tests, as the set ``facegood-take``."""

SHORTEST = 6.0
LONGEST = 16.0
"""Seconds of a piece; one cut lies at the quietest moment between the two."""

PAUSE = 0.3
"""Seconds over which a moment's loudness is taken, so that pauses win over closed consonants."""


def build(data: Path, out: Path, progress: Progress = silent) -> None:
    """Write the pieces that the corpus ``out`` does not hold yet.

    Args:
        data: folder of the training data, with ``facegood``.
        out: folder of the corpus.
        progress: told after every take.

    Raises:
        MMTalkerError: FILE_FORMAT, AUDIO_MISSING or AUDIO_UNREADABLE when a take cannot be read.
    """
    takes = load_facegood(data / "facegood")
    for number, take in enumerate(takes):
        for clip, samples, motion in pieces(take, load_audio(take.audio).samples):
            if not has_clip(out, SOURCE.name, clip.name):
                write_clip(out, clip, samples, motion)
        progress("FACEGOOD", (number + 1) / len(takes))


def pieces(take: Take, samples: Float32) -> Iterator[tuple[Clip, Float32, Motion | None]]:
    """Yield a take's pieces: description, (N,) samples, and motion whose first row is at the first sample."""
    # A row is at (row / rate - lag) of the audio: the first row whose moment the audio has begins the take.
    first = int(np.ceil(take.lag * FACEGOOD_FPS))
    frames = int(len(samples) / SAMPLE_RATE * FACEGOOD_FPS)
    frames = frames if take.curves is None else min(frames, len(take.curves))
    bounds = [first, *cuts(samples, first, frames), frames]
    for number, (start, stop) in enumerate(pairwise(bounds)):
        ends = [round((row / FACEGOOD_FPS - take.lag) * SAMPLE_RATE) for row in (start, stop)]
        clip = Clip(
            source=SOURCE.name,
            name=f"take{take.name}-{number:02d}",
            speaker="facegood",
            language="zh",
            text="",
            phones=(),
            test_set="facegood-take" if take.name == HELD_OUT_TAKE else None,
        )
        motion = None if take.curves is None else Motion(take.curves[start:stop], FACEGOOD_FPS, KNOWN)
        yield clip, samples[ends[0] : ends[1]], motion


def cuts(samples: Float32, first: int, last: int) -> list[int]:
    """Return the rows of the curves at which to cut, each in the quietest moment that it can have."""
    level = uniform_filter1d(
        np.maximum(loudness(samples, SAMPLE_RATE, FACEGOOD_FPS), -80.0), round(PAUSE * FACEGOOD_FPS)
    )
    shortest, longest = round(SHORTEST * FACEGOOD_FPS), round(LONGEST * FACEGOOD_FPS)
    found = []
    start = first
    while last - start > longest:
        stop = min(start + longest, last - shortest)
        start = start + shortest + int(np.argmin(level[start + shortest : stop]))
        found.append(start)
    return found
