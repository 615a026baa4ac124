"""How far apart two lips are in each slice: the clear height between them, negative where they cross."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Float32

FAR = 0.012
"""Metres: lips that are further apart, or nowhere above each other, count as that far apart."""


def clearances(points: Float32) -> Float32:
    """Return the (T, S) smallest height of the upper lip above the lower one, metres.

    Both lips are lines from front to back there, and the height between two such lines is smallest at a
    corner of one of them.

    Args:
        points: (T, S, 2, A, 2) depth and height of the slices.
    """
    frames, stations, _, corners, _ = points.shape
    depth, height = points.reshape(-1, 2, corners, 2).transpose(3, 1, 2, 0)
    # The lowest corner over the highest one: what is certainly far apart needs no closer look.
    clear = height[0].min(axis=0) - height[1].max(axis=0)
    near = np.flatnonzero(clear < FAR)
    depth, height = depth[:, :, near], height[:, :, near]
    over = _heights_over(depth[0], height[0], depth[1], height[1])
    under = _heights_over(depth[1], -height[1], depth[0], -height[0])
    clear[near] = np.minimum(over, under)
    smallest: Float32 = np.minimum(clear, np.float32(FAR)).reshape(frames, stations)
    return smallest


def _heights_over(depth: Float32, height: Float32, line_depth: Float32, line_height: Float32) -> Float32:
    """(N,) smallest height of (A, N) corners over any part of an (A, N) line that is below them."""
    smallest = np.full(depth.shape[1], FAR, dtype=np.float32)
    # Piece by piece: what is worked on at once stays in the processor's cache.
    for first in range(len(line_depth) - 1):
        along = line_depth[first + 1] - line_depth[first]
        share = (depth - line_depth[first]) / np.where(np.abs(along) < 1e-9, np.float32(1e-9), along)
        over = height - (line_height[first] + share * (line_height[first + 1] - line_height[first]))
        over[(share < 0.0) | (share > 1.0)] = FAR
        np.minimum(smallest, over.min(axis=0), out=smallest)
    return smallest
