"""How far apart two lips are in each slice: the clear height between them, negative where they cross.

Lips are given as ``lines``, (2, 2, A, ...): upper and lower lip, depth and height, corners from the outside
to the inside, then slices in any shape. So what is done for all slices at once lies side by side in memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Float32

FAR = 0.012
"""Metres: lips that are further apart, or nowhere above each other, count as that far apart."""

BLOCK = 2048
"""Slices that are worked on at once: what they need stays in the processor's own cache."""

STEEP = np.float32(1e-9)
"""Metres of depth that a piece has at least, for its slope."""


def clearances(lines: Float32) -> Float32:
    """Return the (...) smallest height of the upper lip above the lower one, metres.

    Args:
        lines: (2, 2, A, ...) metres.
    """
    certain = certain_clearances(lines)
    return refined_clearances(lines, certain, certain < FAR)


def certain_clearances(lines: Float32) -> Float32:
    """Return the (...) heights that are clear for certain: of the lowest corner over the highest one.

    Never more than :func:`clearances`, and far cheaper.
    """
    clear: Float32 = np.minimum(lines[0, 1].min(axis=0) - lines[1, 1].max(axis=0), np.float32(FAR))
    return clear


def refined_clearances(lines: Float32, certain: Float32, closer: NDArray[np.bool_]) -> Float32:
    """Return (...) clearances: exact where they are looked at closer, elsewhere as they are for certain.

    Args:
        lines: (2, 2, A, ...).
        certain: (...) of :func:`certain_clearances`.
        closer: (...) where to look.
    """
    refined: Float32 = np.array(certain, order="C")
    flat, found = lines.reshape(*lines.shape[:3], -1), refined.reshape(-1)
    asked = np.flatnonzero(closer & (certain < FAR))
    for start in range(0, len(asked), BLOCK):
        at = asked[start : start + BLOCK]
        upper, lower = np.ascontiguousarray(flat[..., at])
        found[at] = _smallest_heights(upper, lower)
    return refined


def _smallest_heights(upper: Float32, lower: Float32) -> Float32:
    """(N,) smallest height between two lines, (2, A, N) each.

    Two pieces that lie above each other do so over a stretch of depth, and are nearest at an end of it. That
    is one in twelve of all pairs of pieces, and only those are looked at.
    """
    above, below = _Pieces(upper), _Pieces(lower)
    meeting = above.front[:, None] <= below.back
    meeting &= above.back[:, None] >= below.front
    count = upper.shape[2]
    # By slices, so that what belongs to one of them lies side by side.
    pairs = np.flatnonzero(np.ascontiguousarray(meeting.reshape(-1, count).T))
    at, pair = np.divmod(pairs.astype(np.int32), np.int32(meeting.shape[0] * meeting.shape[1]))
    first, second = (row * count + at for row in np.divmod(pair, np.int32(meeting.shape[1])))
    start = np.maximum(above.front.take(first), below.front.take(second))
    stop = np.minimum(above.back.take(first), below.back.take(second))
    upper_height, lower_height = above.heights(first), below.heights(second)
    height = np.minimum(*(upper_height(depth) - lower_height(depth) for depth in (start, stop)))
    smallest = np.full(count, FAR, dtype=np.float32)
    if len(at):
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        smallest[at[starts]] = np.minimum(np.minimum.reduceat(height, starts), FAR)
    return smallest


class _Pieces:
    """The (A - 1, N) straight pieces of (2, A, N) lines; those of one kind are found by a flat index."""

    def __init__(self, line: Float32) -> None:
        self._depth, self._height = line[:, :-1]
        self.front = np.minimum(line[0, :-1], line[0, 1:])
        self.back = np.maximum(line[0, :-1], line[0, 1:])
        along, rise = line[:, 1:] - line[:, :-1]
        self._slope: Float32 = rise / np.where(np.abs(along) < STEEP, STEEP, along)

    def heights(self, piece: NDArray[np.intp]) -> Callable[[Float32], Float32]:
        """Return what gives the (M,) heights of M pieces at a depth within each."""
        base, depth, slope = (part.take(piece) for part in (self._height, self._depth, self._slope))
        return lambda at: base + (at - depth) * slope
