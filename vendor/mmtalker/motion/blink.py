"""Blinks as events: when a speaking person blinks, and how the lids move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

INTERVAL_SHAPE = 3.0
"""Shape of the gamma distribution of pauses between blinks: irregular, yet seldom in quick pairs."""

SHORTEST_INTERVAL = 0.8
"""Seconds between two blinks at the least."""

CLOSING, CLOSED, OPENING = 0.09, 0.04, 0.18
"""Seconds of the three phases; lids close about twice as fast as they open (Evinger et al. 1991)."""

PAUSE_REACH = 0.5
"""Seconds by which a blink may be moved to fall into a pause of speech, where people prefer it."""


def blink_times(
    seconds: float, rate: float, energy: Float32, energy_rate: float, rng: np.random.Generator
) -> list[float]:
    """Draw the moments at which the lids start to close.

    Args:
        seconds: length of the clip.
        rate: blinks a minute; 0 gives none.
        energy: (N,) loudness of the speech at ``energy_rate`` Hz.
        rng: the same state gives the same blinks.
    """
    times: list[float] = []
    if rate <= 0:
        return times
    mean = 60.0 / rate
    now = rng.uniform(0.3, 1.0) * mean
    whole = CLOSING + CLOSED + OPENING
    while now < seconds - whole:
        reach = np.arange(now - PAUSE_REACH, now + PAUSE_REACH, 1.0 / energy_rate)
        earliest = times[-1] + SHORTEST_INTERVAL if times else 0.0
        reach = reach[(reach >= earliest) & (reach < seconds - whole)]
        if len(reach):
            index = np.minimum((reach * energy_rate).astype(int), len(energy) - 1)
            now = float(reach[np.argmin(energy[index])])
            times.append(now)
        now += max(SHORTEST_INTERVAL, rng.gamma(INTERVAL_SHAPE, mean / INTERVAL_SHAPE))
    return times


def blink_curve(starts: list[float], frames: int, rate: float) -> Float32:
    """Return the (frames,) lid closure in 0..1 at ``rate`` Hz, cosine-shaped in both directions."""
    time = np.arange(frames) / rate
    curve = np.zeros(frames)
    for start in starts:
        since = time - start
        closing = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / CLOSING, 0.0, 1.0))
        opening = 0.5 + 0.5 * np.cos(np.pi * np.clip((since - CLOSING - CLOSED) / OPENING, 0.0, 1.0))
        curve = np.maximum(curve, np.minimum(closing, opening) * (since >= 0.0))
    return curve.astype(np.float32)
