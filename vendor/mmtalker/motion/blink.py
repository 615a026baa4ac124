"""Blinks as events: when a speaking person blinks, and how the lids move.

A model of the mean cannot blink: it lowers the lids a little wherever a blink is likely. So blinks are drawn,
with the statistics of a filmed speaker. Their moments are a renewal process whose clock runs faster
where people blink more: at the ends of phrases, and somewhat at their beginnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.motion.phrases import Phrases

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SHUT = 0.5
"""The lids blink while they are closed by more than this."""

SHORTEST_INTERVAL = 0.3
"""Seconds between two blinks at the least; of filmed ones, one in four follows a little sooner."""

SHALLOWEST = 0.55
"""A blink that closes the lids less is none."""

REACH = 5.0
"""Deviations about the beginning or end of a phrase beyond which it makes no difference."""

OPEN_AGAIN = 8.0
"""Time constants after which nothing is left of a blink."""

CLOCK_RATE = 50.0
"""Steps a second in which the blinking clock is read."""


@dataclass(frozen=True)
class BlinkStyle:
    """How a person blinks. The values are those of GRID's speaker s1, as measured by
    `python -m lab blink-statistics`.

    Attributes:
        rate: blinks a minute.
        regularity: shape of the gamma distribution of intervals; 1 is pure chance, infinity a metronome.
        pause: how often in pauses, beside 1 within phrases.
        start, start_delay, start_spread: how much more often at a phrase's beginning at the most,
            and seconds after it and about it.
        end, end_delay, end_spread: the same about its end.
        depth, depth_spread: mean and deviation of how far the lids close; 1 is shut.
        closing: seconds in which they close.
        hold, hold_spread: median of the seconds for which they stay, and deviation of its logarithm.
        opening, opening_spread: median of the time constant of opening, s, and deviation of its logarithm.
        asymmetry: deviation of the difference between the two lids' depths.
    """

    rate: float = 47.3
    regularity: float = 2.0
    pause: float = 0.39
    start: float = 1.37
    start_delay: float = -0.24
    start_spread: float = 0.2
    end: float = 5.32
    end_delay: float = -0.42
    end_spread: float = 0.26
    depth: float = 0.904
    depth_spread: float = 0.106
    closing: float = 0.08
    hold: float = 0.046
    hold_spread: float = 0.861
    opening: float = 0.121
    opening_spread: float = 0.461
    asymmetry: float = 0.046


@dataclass(frozen=True)
class Blink:
    """One blink.

    Attributes:
        time: s at which the lids pass ``SHUT`` on their way down.
        length: s until they pass it again.
        depth: how far they closed.
    """

    time: float
    length: float
    depth: float


def find_blinks(lids: NDArray[np.floating[Any]], rate: float) -> list[Blink]:
    """Find the blinks that begin and end in (T,) lid closure, 0 open to 1 shut, at ``rate`` Hz."""
    shut = lids > SHUT
    change = np.flatnonzero(shut[1:] != shut[:-1])
    moment = [(i + (SHUT - lids[i]) / (lids[i + 1] - lids[i])) / rate for i in change]
    first = int(len(shut) > 0 and bool(shut[0]))
    return [
        Blink(moment[n], moment[n + 1] - moment[n], float(lids[change[n] : change[n + 1] + 2].max()))
        for n in range(first, len(change) - 1, 2)
    ]


def likeliness(times: Float64, phrases: Phrases, style: BlinkStyle) -> Float64:
    """Return (T,) how often people blink at ``times``, which rise, beside 1 in the middle of a phrase."""
    often = np.full(len(times), style.pause)
    for start, end in phrases:
        first, last = np.searchsorted(times, (start, end))
        often[first:last] = 1.0
    for start, end in phrases:
        for peak, middle, spread in (
            (style.start, start + style.start_delay, style.start_spread),
            (style.end, end + style.end_delay, style.end_spread),
        ):
            near = slice(*np.searchsorted(times, (middle - REACH * spread, middle + REACH * spread)))
            often[near] += peak * np.exp(-0.5 * ((times[near] - middle) / spread) ** 2)
    return often


def blink_times(
    seconds: float,
    rate: float,
    phrases: Phrases,
    rng: np.random.Generator,
    style: BlinkStyle = BlinkStyle(),
) -> list[float]:
    """Draw the moments at which the lids start to close.

    Args:
        seconds: length of the clip.
        rate: blinks a minute on the average over the clip; 0 gives none.
        phrases: (start s, end s) of each.
        rng: the same state gives the same blinks.
        style: who blinks.
    """
    if rate <= 0.0 or seconds <= 0.0:
        return []
    steps = np.arange(int(np.ceil(seconds * CLOCK_RATE))) / CLOCK_RATE
    often = likeliness(steps + 0.5 / CLOCK_RATE, phrases, style)
    # A clock that ticks once for each blink to be expected.
    clock = np.concatenate([[0.0], np.cumsum(often)]) * (rate / 60.0 * seconds / often.sum())
    shape = style.regularity
    # What is left of the interval that is running when the clip begins.
    now = float(rng.uniform() * rng.gamma(shape + 1.0, 1.0 / shape))
    times: list[float] = []
    while now < clock[-1]:
        moment = float(np.interp(now, clock, np.arange(len(clock)) / CLOCK_RATE))
        times.append(max(moment, times[-1] + SHORTEST_INTERVAL) if times else moment)
        now += float(rng.gamma(shape, 1.0 / shape))
    return times


def blink_curves(
    starts: Sequence[float],
    frames: int,
    rate: float,
    rng: np.random.Generator,
    style: BlinkStyle = BlinkStyle(),
) -> Float32:
    """Return the (frames, 2) closure of left and right lids in 0..1 at ``rate`` Hz.

    They close along half a cosine, stay, and open exponentially, as filmed lids do; a blink that begins
    before the last has ended closes them from where they are.
    """
    curves = np.zeros((frames, 2))
    for start in starts:
        depth = max(rng.normal(style.depth, style.depth_spread), SHALLOWEST)
        hold = style.hold * np.exp(style.hold_spread * rng.normal())
        opening = style.opening * np.exp(style.opening_spread * rng.normal())
        tilt = 0.5 * style.asymmetry * rng.normal()
        seconds = style.closing + hold + OPEN_AGAIN * opening
        rows = np.arange(max(0, int(start * rate)), min(frames, int((start + seconds) * rate) + 1))
        since = rows / rate - start
        close = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / style.closing, 0.0, 1.0))
        reopen = np.exp(-np.maximum(since - style.closing - hold, 0.0) / opening)
        shape = (close * reopen)[:, None] * np.array([depth + tilt, depth - tilt])
        curves[rows] = np.maximum(curves[rows], shape)
    return np.clip(curves, 0.0, 1.0).astype(np.float32)
