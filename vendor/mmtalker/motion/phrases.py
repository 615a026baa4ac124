"""Where phrases begin and end, heard in the loudness of speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, uniform_filter1d

Float32 = NDArray[np.float32]

Phrases = Sequence[tuple[float, float]]
"""(start s, end s) of every phrase, in order."""

SMOOTHING = 0.1
"""Seconds over which loudness is averaged, so that a click is no phrase."""

ABOVE_FLOOR = 0.35
"""A phrase is louder than the recording's quiet moments by this share of the way to its loud ones."""

BELOW_SPEECH_DB = 28.0
"""And no further below the loud ones than this, however quiet the recording is otherwise."""

LEAST_CONTRAST_DB = 12.0
"""Between quiet and loud moments; a recording with less is one phrase, or noise."""

SHORTEST_PAUSE = 0.3
SHORTEST_PHRASE = 0.3
"""Seconds."""

ABSOLUTE_FLOOR_DB = -62.0
"""Below this level of full scale nobody speaks."""


def find_phrases(level: Float32, rate: float) -> list[tuple[float, float]]:
    """Return (start s, end s) of every phrase, in order.

    Unlike the gate that leads the mouth to rest, which must not close it on a soft word, this may miss
    one: it is meant for recordings with noise, and for what happens about the ends of phrases.

    Args:
        level: (N,) loudness in dB of full scale.
        rate: its rate, Hz.
    """
    if not len(level):
        return []
    smooth = uniform_filter1d(level.astype(np.float64), max(1, round(SMOOTHING * rate)))
    quiet, loud = np.percentile(level, [10, 95])
    threshold = max(loud - BELOW_SPEECH_DB, quiet + ABOVE_FLOOR * (loud - quiet), ABSOLUTE_FLOOR_DB)
    if loud - quiet < LEAST_CONTRAST_DB:
        threshold = ABSOLUTE_FLOOR_DB
    width = max(1, round(SHORTEST_PAUSE * rate))
    spoken = binary_closing(np.pad(smooth > threshold, width), np.ones(width, dtype=bool))[width:-width]
    edges = np.flatnonzero(np.diff(spoken.astype(np.int8), prepend=0, append=0)) / rate
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(float(start), float(end)) for start, end in spans if end - start >= SHORTEST_PHRASE]
