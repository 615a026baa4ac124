"""What speech leaves unexplained in brows and lids: `python -m lab upper-face-fit --corpus DIR`.

The part that prosody explains is found by ridge regression on loudness about each moment and on the place
in the phrase; what is left has the strength, the pace and the correlations that
:class:`mmtalker.motion.idle.IdleMotionStyle` draws again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.optimize import minimize_scalar

from lab.corpus.clips import read_corpus
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.motion.idle import MOVEMENTS, IdleMotionStyle, movements_of, spoken
from mmtalker.motion.phrases import Phrases, find_phrases
from mmtalker.motion.silence import loudness
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEVEL_RATE = 50.0
TAPS = np.arange(-0.6, 0.61, 0.1)
"""Seconds about a moment at which loudness is heard."""

RIDGE = 10.0
"""Of the regression on standardised prosody, in frames."""

LID_SHUT = 0.15
"""Lids closed by more belong to a blink, and so do two frames about it."""

LAGS = 8
"""Frames over which the pace is fitted; the first is left to the tracker's noise."""


@dataclass(frozen=True)
class Seen:
    """One filmed clip.

    Attributes:
        movements: (T, M) of brows and lids, counted from their median in the clip.
        prosody: (T, F) what is heard.
        speaking: (T,) 1 in phrases, 0 in pauses.
        open: (T,) frames without a blink.
        rate: rows a second.
    """

    movements: Float64
    prosody: Float64
    speaking: Float64
    open: Mask
    rate: float


def see(corpus_folder: Path, source: str) -> list[Seen]:
    """Read the brows and lids of a source's training clips."""
    corpus = read_corpus(corpus_folder)
    clips = []
    for clip in corpus.training():
        motion = corpus.motion(clip) if clip.source == source else None
        if motion is None or not motion.known[ARKIT_INDEX["browInnerUp"]]:
            continue
        level = loudness(load_audio(corpus.audio(clip)).samples, SAMPLE_RATE, LEVEL_RATE)
        phrases = find_phrases(level, LEVEL_RATE)
        movements = movements_of(motion.curves, ARKIT_NAMES)
        lids = motion.curves[:, [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]].max(axis=1)
        times = np.arange(len(movements)) / motion.rate
        clips.append(
            Seen(
                movements - np.median(movements, axis=0),
                prosody_at(times, level, phrases),
                spoken(len(movements), motion.rate, phrases),
                ~binary_dilation(lids > LID_SHUT, iterations=2),
                motion.rate,
            )
        )
    return clips


def prosody_at(times: Float64, level: NDArray[np.float32], phrases: Phrases) -> Float64:
    """Return (T, F) loudness about ``times``, seconds since a phrase began and until one ends."""
    heard = np.arange(len(level)) / LEVEL_RATE
    taps = np.interp(times[:, None] + TAPS, heard, level)
    begun, ending = np.full(len(times), 3.0), np.full(len(times), 3.0)
    for start, end in phrases:
        begun = np.where(times >= start, times - start, begun)
        ending = np.where(times <= end, np.minimum(ending, end - times), ending)
    place = [f(np.minimum(t, 3.0)) for t in (begun, ending) for f in (np.sqrt, np.square)]
    return np.concatenate([taps, np.stack(place, axis=1)], axis=1)


def fit_life(clips: Sequence[Seen]) -> tuple[IdleMotionStyle, Float64]:
    """Fit strength, pace and correlation of what prosody leaves.

    Returns:
        The style, and the (M,) share of each movement's variance that prosody explains.
    """
    movements = np.concatenate([clip.movements for clip in clips])
    prosody = np.concatenate([clip.prosody for clip in clips])
    known = np.concatenate([clip.open for clip in clips])
    speaking = np.concatenate([clip.speaking for clip in clips])
    left = movements - _explained(prosody, movements, known)
    seconds = _pace(clips, left, known)
    correlation = np.corrcoef(left[known].T)
    in_speech, in_pause = known & (speaking > 0.5), known & (speaking <= 0.5)
    style = IdleMotionStyle(
        seconds=round(seconds, 3),
        speaking=_rounded(left[in_speech].std(axis=0)),
        pausing=_rounded(left[in_pause].std(axis=0)),
        correlation=tuple(_rounded(row, 2) for row in correlation),
    )
    explained = 1.0 - left[known].var(axis=0) / movements[known].var(axis=0)
    return style, explained


def _rounded(values: Float64, digits: int = 4) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)


def _explained(prosody: Float64, movements: Float64, known: Mask) -> Float64:
    standard = (prosody - prosody[known].mean(axis=0)) / (prosody[known].std(axis=0) + 1e-6)
    padded = np.concatenate([standard, np.ones((len(standard), 1))], axis=1)
    gram = padded[known].T @ padded[known] + RIDGE * np.eye(padded.shape[1])
    explained: Float64 = padded @ np.linalg.solve(gram, padded[known].T @ movements[known])
    return explained


def _pace(clips: Sequence[Seen], left: Float64, known: Mask) -> float:
    """Time constant whose autocorrelation fits that of all movements together, by least squares.

    A second-order autoregression with a double pole p has (1 + k (1 - p^2) / (1 + p^2)) p^k at lag k.
    """
    bounds = np.cumsum([0] + [len(clip.movements) for clip in clips])
    lagged = np.zeros((LAGS, left.shape[1]))
    counts = np.zeros(LAGS)
    for first, last in pairwise(bounds):
        values, seen = left[first:last], known[first:last]
        for lag in range(1, LAGS + 1):
            both = seen[lag:] & seen[:-lag]
            lagged[lag - 1] += (values[lag:][both] * values[:-lag][both]).sum(axis=0)
            counts[lag - 1] += both.sum()
    whole = left[known].var(axis=0)
    measured = (lagged / counts[:, None] / whole).mean(axis=1)
    steps = np.arange(1, LAGS + 1) / clips[0].rate * LEVEL_RATE

    def difference(seconds: float) -> float:
        pole = np.exp(-1.0 / (seconds * LEVEL_RATE))
        expected = (1.0 + steps * (1.0 - pole**2) / (1.0 + pole**2)) * pole**steps
        scale = float(expected @ measured / (expected @ expected))  # below 1 by the tracker's noise
        return float(np.square(min(scale, 1.0) * expected - measured).sum())

    return float(minimize_scalar(difference, bounds=(0.02, 1.0), method="bounded").x)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="python -m lab upper-face-fit", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--source", default="grid", help="the source to fit")
    given = parser.parse_args(arguments)
    style, explained = fit_life(see(given.corpus, given.source))
    print(f"seconds = {style.seconds}")
    print("correlation =", style.correlation)
    print(f"{'movement':24s} {'speaking':>9s} {'pausing':>9s} {'explained':>9s}")
    for row in zip(MOVEMENTS, style.speaking, style.pausing, explained, strict=True):
        print("{:24s} {:9.4f} {:9.4f} {:9.2f}".format(*row))
    return 0
