"""How far apart two lips are in each slice: the clear height between them, negative where they cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Float32

FAR = 0.012
"""Metres: lips that are further apart, or nowhere above each other, count as that far apart."""

BLOCK = 2048
"""Slices that are worked on at once: what they need stays in the processor's nearest cache."""

BESIDE = np.float32(1e30)
"""What makes a height of any area, in square metres: arithmetic on whole blocks is faster than a choice."""


def clearances(points: Float32) -> Float32:
    """Return the (T, S) smallest height of the upper lip above the lower one, metres.

    Both lips are lines from front to back there, and the height between two such lines is smallest at a
    corner of one of them.

    Args:
        points: (T, S, 2, A, 2) depth and height of the slices.
    """
    clear = certain_clearances(points)
    return refined_clearances(points, clear, clear < FAR)


def certain_clearances(points: Float32) -> Float32:
    """Return the (T, S) heights that are clear for certain: of the lowest corner over the highest one.

    Never more than :func:`clearances`, save that they end at :data:`FAR` as well, and far cheaper.
    """
    height = points[..., 1]
    clear: Float32 = np.minimum(height[:, :, 0].min(axis=2) - height[:, :, 1].max(axis=2), np.float32(FAR))
    return clear


def refined_clearances(points: Float32, certain: Float32, closer: NDArray[np.bool_]) -> Float32:
    """Return (T, S) clearances: exact where it is looked at closer, elsewhere as they are for certain.

    Args:
        points: (T, S, 2, A, 2).
        certain: (T, S) of :func:`certain_clearances`.
        closer: (T, S) where to look.
    """
    refined = certain.copy()
    rows, stations = np.nonzero(closer & (certain < FAR))
    for start in range(0, len(rows), BLOCK):
        at = rows[start : start + BLOCK], stations[start : start + BLOCK]
        upper, lower = np.ascontiguousarray(points[at].transpose(1, 3, 2, 0))
        over = _heights_over(upper[0], upper[1], lower[0], lower[1])
        under = _heights_over(lower[0], -lower[1], upper[0], -upper[1])
        refined[at] = np.minimum(over, under)
    return refined


def _heights_over(depth: Float32, height: Float32, line_depth: Float32, line_height: Float32) -> Float32:
    """(N,) smallest height of (A, N) corners over any part of an (A, N) line that is below them."""
    along = np.diff(line_depth, axis=0)
    slope = np.diff(line_height, axis=0) / np.where(np.abs(along) < 1e-9, np.float32(1e-9), along)
    smallest = np.full(depth.shape, FAR, dtype=np.float32)
    before, after, over, between = (np.empty_like(depth) for _ in range(4))
    np.subtract(depth, line_depth[0], out=before)
    for first in range(len(along)):
        np.subtract(depth, line_depth[first + 1], out=after)
        np.multiply(before, slope[first], out=over)
        np.add(over, line_height[first], out=over)
        np.subtract(height, over, out=over)
        # Not above zero for corners over this piece of the line; beside it, far above all heights.
        np.multiply(before, after, out=between)
        np.multiply(between, BESIDE, out=between)
        np.subtract(between, np.float32(1.0), out=between)
        np.maximum(over, between, out=over)
        np.minimum(smallest, over, out=smallest)
        before, after = after, before
    nearest: Float32 = smallest.min(axis=0)
    return nearest
