"""Curves from one rate to another, by time and never by frame count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


_BLOCK = 8192  # frames at once, so that an hour needs no more scratch memory than a minute


def sample_curves(curves: Float32, rate: float, times: NDArray[np.float64]) -> Float32:
    """Read (T, K) curves, whose row i is at i / rate seconds, at any times.

    Between rows it interpolates linearly; before the first row and after the last the face falls to
    rest (0) within one row.

    Returns:
        (len(times), K).
    """
    rows = np.vstack([np.zeros_like(curves[:1]), curves, np.zeros_like(curves[:1])])
    place = np.clip(np.asarray(times, dtype=np.float64) * rate + 1.0, 0.0, len(rows) - 1.0)
    read: Float32 = np.empty((len(place), rows.shape[1]), dtype=np.float32)
    for start in range(0, len(place), _BLOCK):
        part = place[start : start + _BLOCK]
        low = np.minimum(part.astype(np.int64), len(rows) - 2)
        share = (part - low)[:, None]
        read[start : start + _BLOCK] = rows[low] * (1.0 - share) + rows[low + 1] * share
    return read


def frame_times(frames: int, fps: float, start: float = 0.0) -> NDArray[np.float64]:
    """Return the (frames,) seconds of consecutive frames."""
    return start + np.arange(frames, dtype=np.float64) / fps
