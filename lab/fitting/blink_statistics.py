"""Blinks of a filmed speaker in numbers: `python -m lab blink-statistics --corpus DIR`.

GRID's clips last three seconds, and between them the speaker reads the next sentence: he blinks more than
people in conversation do, and mostly when a sentence is nearly said. The rate is therefore a choice of
whoever animates; what is learned is when in a phrase blinks fall, how regularly they come and how lids move.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lab.corpus.clips import read_corpus
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.motion.blink import SHALLOWEST, Blink, BlinkStyle, blink_curves, find_blinks, likeliness
from mmtalker.motion.phrases import find_phrases
from mmtalker.motion.silence import loudness
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

Float64 = NDArray[np.float64]

LEVEL_RATE = 50.0
STEP = 0.04
"""Seconds between the moments at which blinks could have been."""

IN_A_ROW = 20
"""Clips read at once."""

APART = 6.0
"""Seconds between clips, or between blinks drawn alone, so that they are strangers."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
TRIALS = 500
"""Blinks drawn to compare their quantiles with the filmed ones."""

FIRST_GUESS = (0.9, 0.1, 0.03, 0.5)
FIRST_STEPS = (0.08, 0.08, 0.03, 0.5)
"""Of depth and hold and their spreads, where the search begins."""

ALONE = 0.6
"""Seconds without a blink before and after one whose opening can be followed."""


@dataclass(frozen=True)
class Watched:
    """One filmed clip.

    Attributes:
        lids: (T, 2) closure of left and right lids.
        rate: rows a second.
        phrases: (start s, end s) of each.
    """

    lids: Float64
    rate: float
    phrases: list[tuple[float, float]]

    @property
    def seconds(self) -> float:
        return len(self.lids) / self.rate

    @property
    def blinks(self) -> list[Blink]:
        return find_blinks(self.lids.mean(axis=1), self.rate)


def watch(corpus_folder: Path, source: str) -> list[Watched]:
    """Read the lids and phrases of a source's training clips."""
    corpus = read_corpus(corpus_folder)
    columns = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
    clips = []
    for clip in corpus.training():
        motion = corpus.motion(clip) if clip.source == source else None
        if motion is not None and motion.known[columns].all():
            level = loudness(load_audio(corpus.audio(clip)).samples, SAMPLE_RATE, LEVEL_RATE)
            lids = motion.curves[:, columns].astype(np.float64)
            clips.append(Watched(lids, motion.rate, find_phrases(level, LEVEL_RATE)))
    return clips


def measure_style(clips: Sequence[Watched]) -> BlinkStyle:
    """Fit how a person blinks: moments by greatest likelihood, lids by the quantiles that a film shows."""
    counts = np.array([len(clip.blinks) for clip in clips])
    rate = 60.0 * counts.sum() / sum(clip.seconds for clip in clips)
    style = replace(BlinkStyle(), rate=round(float(rate), 1), regularity=round(regularity(counts), 1))
    return fit_lids(clips, fit_moments(clips, style))


def regularity(counts: NDArray[np.int64]) -> float:
    """Return the gamma shape k of the intervals from the (N,) counts of clips of one length.

    By var N = mean N / k + (1 - 1/k^2) / 6 (Cox, Renewal Theory, 1962).
    """
    mean, variance = float(counts.mean()), float(counts.var())
    shapes = np.linspace(1.0, 8.0, 141)
    return float(shapes[np.argmin(np.abs(mean / shapes + (1.0 - shapes**-2.0) / 6.0 - variance))])


def fit_moments(clips: Sequence[Watched], style: BlinkStyle) -> BlinkStyle:
    """Return ``style`` with the place of blinks in phrases, by greatest likelihood."""
    names = ("pause", "start", "start_delay", "start_spread", "end", "end_delay", "end_spread")
    rows = [_in_a_row(clips[first : first + IN_A_ROW]) for first in range(0, len(clips), IN_A_ROW)]

    def style_of(values: Float64) -> BlinkStyle:
        return replace(style, **dict(zip(names, (float(v) for v in values), strict=True)))

    def surprise(values: Float64) -> float:
        if values[[0, 1, 4]].min() < 0.0 or values[[3, 6]].min() < 0.05:
            return float("inf")
        trial = style_of(values)
        whole = sum(float(likeliness(row.times, row.phrases, trial).sum()) for row in rows)
        return -sum(float(np.log(likeliness(row.blinks, row.phrases, trial) / whole).sum()) for row in rows)

    first = np.array([1.0, 1.0, -0.1, 0.15, 4.0, -0.2, 0.25])
    found = minimize(surprise, first, method="Nelder-Mead", options={"maxfev": 500, "xatol": 0.01})
    return style_of(np.round(found.x, 2))


@dataclass(frozen=True)
class _Row:
    """Clips one after another, far enough apart to be strangers; seconds.

    Attributes:
        times: (N,) evenly spread over the clips.
        blinks: (B,) of all clips.
        phrases: of all clips.
    """

    times: Float64
    blinks: Float64
    phrases: list[tuple[float, float]]


def _in_a_row(clips: Sequence[Watched]) -> _Row:
    starts = np.cumsum([0.0] + [clip.seconds + APART for clip in clips])
    times = [start + np.arange(0.0, clip.seconds, STEP) for start, clip in zip(starts, clips, strict=False)]
    blinks = [start + b.time for start, clip in zip(starts, clips, strict=False) for b in clip.blinks]
    spans = [(start + a, start + b) for start, c in zip(starts, clips, strict=False) for a, b in c.phrases]
    return _Row(np.concatenate(times), np.array(blinks), spans)


def fit_lids(clips: Sequence[Watched], style: BlinkStyle) -> BlinkStyle:
    """Return ``style`` with the motion of the lids, so that drawn blinks measure as the filmed ones do."""
    blinks = [blink for clip in clips for blink in clip.blinks]
    filmed = _quantiles(blinks)
    names = ("depth", "depth_spread", "hold", "hold_spread")
    depths = np.array([_at(clip, blink).max(axis=0) for clip in clips for blink in clip.blinks])
    # A curve cannot tell how much more than shut a lid is.
    tilts = np.diff(depths[depths.max(axis=1) < 1.0], axis=1)
    opening = np.log(openings(clips))
    style = replace(
        style,
        opening=round(float(np.exp(np.median(opening))), 3),
        opening_spread=round(_deviation(opening), 3),
        asymmetry=round(_deviation(tilts), 3),
    )

    def difference(values: Float64) -> float:
        if values.min() <= 0.0:
            return float("inf")
        trial = replace(style, **dict(zip(names, (float(v) for v in values), strict=True)))
        return float(np.square(_quantiles(_film(trial, clips[0].rate)) - filmed).sum())

    corners = np.array(FIRST_GUESS) + np.concatenate([np.zeros((1, 4)), np.diag(FIRST_STEPS)])
    options = {"maxfev": 200, "xatol": 0.002, "initial_simplex": corners}
    found = minimize(difference, corners[0], method="Nelder-Mead", options=options)
    return replace(style, **{n: round(float(v), 3) for n, v in zip(names, found.x, strict=True)})


def _deviation(values: Float64) -> float:
    """Standard deviation as the middle half of ``values`` shows it, whatever lies far out."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) / 1.349


def _quantiles(blinks: Sequence[Blink]) -> Float64:
    """Of depths, and of lengths in units of 0.2 s, so that both count alike."""
    whole = [blink for blink in blinks if blink.depth >= SHALLOWEST]
    depths = np.quantile([min(blink.depth, 1.0) for blink in whole], QUANTILES)
    return np.concatenate([depths, 5.0 * np.quantile([blink.length for blink in whole], QUANTILES)])


def _film(style: BlinkStyle, rate: float) -> list[Blink]:
    """Blinks drawn alone and filmed at ``rate``, each at its own moment between two frames."""
    rng = np.random.default_rng(0)
    starts = np.arange(TRIALS) * APART + rng.uniform(size=TRIALS)
    curves = blink_curves(starts.tolist(), int(TRIALS * APART * rate), rate, rng, style)
    return find_blinks(curves.mean(axis=1), rate)


def openings(clips: Sequence[Watched]) -> list[float]:
    """Return the time constants of opening, s, of blinks that stand alone."""
    found = []
    for clip in clips:
        lids = clip.lids.mean(axis=1)
        blinks = clip.blinks
        for number, blink in enumerate(blinks):
            following = blinks[number + 1].time if number + 1 < len(blinks) else clip.seconds
            if following - blink.time - blink.length < ALONE:
                continue
            tail = lids[int((blink.time + blink.length) * clip.rate) :]
            half, quarter = (_falls_below(tail, share * blink.depth) for share in (0.5, 0.25))
            if half is not None and quarter is not None and quarter > half:
                found.append((quarter - half) / clip.rate / np.log(2.0))
    return found


def _falls_below(values: Float64, threshold: float) -> float | None:
    below = np.flatnonzero((values[1:] <= threshold) & (values[:-1] > threshold))
    if not len(below):
        return None
    i = int(below[0])
    return i + float((values[i] - threshold) / (values[i] - values[i + 1]))


def _at(clip: Watched, blink: Blink) -> Float64:
    first = int(blink.time * clip.rate)
    return clip.lids[first : int((blink.time + blink.length) * clip.rate) + 2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m lab blink-statistics", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--source", default="grid", help="the source to measure")
    given = parser.parse_args(arguments)
    clips = watch(given.corpus, given.source)
    blinks = [blink for clip in clips for blink in clip.blinks]
    lengths = 1000.0 * np.quantile([blink.length for blink in blinks], [0.05, 0.25, 0.5, 0.75, 0.95])
    print(f"{len(blinks)} blinks in {sum(clip.seconds for clip in clips) / 60.0:.1f} minutes")
    print("ms below half, 5th 25th 50th 75th 95th percentile:", *np.round(lengths).astype(int))
    style = measure_style(clips)
    for field in fields(style):
        print(f"{field.name} = {getattr(style, field.name)}")
    return 0
