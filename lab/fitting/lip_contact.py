"""Lips that meet, where a tracker leaves them apart: known closures are closed in the tracked contour.

In [p b m] lips touch, in any language and always. The tracker, which sees 25 blurred frames a second, leaves
a gap: in GRID 0.7 mm on the median. Where the phones are known, that gap is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.fitting.face_mesh import GAP_PAIRS
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, phone_parts

Float64 = NDArray[np.float64]

Span = tuple[float, float]

MARGIN = 0.04
"""Seconds about a phone in which its closure may be seen: as long as a frame lasts."""

SHUT_PERCENTILE = 2.0
"""Of a person's lip gaps: the lips touch."""

LARGEST_CM = 0.25
"""A larger gap was no closure: the speaker swallowed the phone, or its time is wrong."""

HOLD_CM = 0.05
"""Frames next to the narrowest whose gap is larger by less than this are held with it."""

FADE = 0.5
"""Share of the correction in the frames next to those."""


def closures(phones: Sequence[Phone]) -> list[Span]:
    """Return (start s, end s) of the phones in which the lips touch."""
    needed = [INDEX["bilabial"], INDEX["stop"]]
    return [(p.start, p.end) for p in phones if (phone_parts(p.name)[:, needed] > 0.5).all(axis=1).any()]


def lip_gap(landmarks: Float64) -> Float64:
    """Return the (T,) height of the gap between the inner lips, mean over its pairs, of (T, 68, 2)."""
    upper, lower = (landmarks[:, [pair[row] for pair in GAP_PAIRS], 1] for row in (0, 1))
    gap: Float64 = (upper - lower).mean(axis=1)
    return gap


def from_closed_lips(landmarks: Float64) -> Float64:
    """Return (T, 68, 2) displacements counted from lips that touch, where the rest that was found was parted.

    Some people never shut their mouth between sentences; at p b m they do.
    """
    level = min(float(np.percentile(lip_gap(landmarks), SHUT_PERCENTILE)), 0.0)
    counted = landmarks.copy()
    for upper, lower in GAP_PAIRS:
        counted[:, upper, 1] -= 0.5 * level
        counted[:, lower, 1] += 0.5 * level
    return counted


def close_lips(landmarks: Float64, times: Float64, spans: Sequence[Span]) -> Float64:
    """Return one clip's (T, 68, 2) displacements with its lips brought together in every span.

    Args:
        landmarks: cm from rest, y up.
        times: (T,) seconds of the frames.
        spans: in which the lips touch.
    """
    gap = lip_gap(landmarks)
    excess = np.zeros(len(gap))
    for start, end in spans:
        rows = np.flatnonzero((times >= start - MARGIN) & (times <= end + MARGIN))
        if len(rows) and 0.0 < (low := gap[rows].min()) < LARGEST_CM:
            first = last = int(rows[np.argmin(gap[rows])])
            while first - 1 in rows and gap[first - 1] < low + HOLD_CM:
                first -= 1
            while last + 1 in rows and gap[last + 1] < low + HOLD_CM:
                last += 1
            excess[first : last + 1] = np.maximum(excess[first : last + 1], low)
            for beside in (first - 1, last + 1):
                if 0 <= beside < len(gap):
                    excess[beside] = max(excess[beside], FADE * low)
    closed = landmarks.copy()
    for upper, lower in GAP_PAIRS:
        closed[:, upper, 1] -= 0.5 * excess
        closed[:, lower, 1] += 0.5 * excess
    return closed
