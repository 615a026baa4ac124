"""Finds, in NumPy alone, which triangle each pixel of a picture shows.

A machine that has only Python and git cannot be counted on for OpenGL: without an EGL driver Blender's
own fast engines end the whole process. This needs nothing, and draws a head in a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

DEPTH_STEPS = 65_535


@dataclass(frozen=True)
class Fragments:
    """What is seen, one row for each covered pixel.

    Attributes:
        pixel: (N,) index into the flattened (height, width) picture, ascending.
        triangle: (N,) row of the triangles that were given.
        weights: (N, 3) barycentric weights of its three corners.
    """

    pixel: Int32
    triangle: Int32
    weights: Float32

    def mix(self, corners: Float32) -> Float32:
        """Interpolate (T, 3, C) values of triangle corners; returns (N, C)."""
        return np.asarray(np.einsum("nk,nkc->nc", self.weights, corners[self.triangle]), dtype=np.float32)


def rasterise(points: Float32, triangles: Int32, size: int) -> Fragments:
    """Draw the triangles that face the viewer into a square of ``size`` pixels.

    Args:
        points: (V, 3) x to the right and y downwards in pixels, z towards the viewer in any unit.
        triangles: (T, 3) vertex indices; seen from the front where their corners turn against the clock.
        size: pixels along each side.
    """
    x, y = points[triangles, 0], points[triangles, 1]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    left = np.maximum(np.ceil(x.min(axis=1) - 0.5), 0).astype(np.int32)
    top = np.maximum(np.ceil(y.min(axis=1) - 0.5), 0).astype(np.int32)
    right = np.minimum(np.floor(x.max(axis=1) - 0.5), size - 1).astype(np.int32)
    bottom = np.minimum(np.floor(y.max(axis=1) - 0.5), size - 1).astype(np.int32)
    seen = np.flatnonzero((area < -1e-9) & (right >= left) & (bottom >= top))
    extent = np.maximum(right - left, bottom - top)[seen] + 1
    # Triangles of like size are tried together, each against its own small square of pixels.
    parts = [
        _inside(x, y, seen[(extent > side // 2) & (extent <= side)], left, top, side, size)
        for side in 2 ** np.arange(int(np.ceil(np.log2(size))) + 2)
    ]
    pixel = np.concatenate([part[0] for part in parts])
    triangle = np.concatenate([part[1] for part in parts])
    weights = np.concatenate([part[2] for part in parts])
    front = _nearest(pixel, np.einsum("nk,nk->n", weights, points[triangles, 2][triangle]), size * size)
    return Fragments(pixel[front], triangle[front], weights[front])


def _inside(
    x: Float32, y: Float32, rows: NDArray[np.intp], left: Int32, top: Int32, side: int, size: int
) -> tuple[Int32, Int32, Float32]:
    """Test ``side`` x ``side`` pixels at each triangle's corner; gives pixels, rows and weights inside."""
    if rows.size == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((0, 3), np.float32)
    grid = np.arange(side, dtype=np.float32) + 0.5
    px = (left[rows, None] + grid)[:, None, :]
    py = (top[rows, None] + grid)[:, :, None]
    x, y = x[rows].astype(np.float32), y[rows].astype(np.float32)
    area: Float32 = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    edges = []
    for a, b in ((1, 2), (2, 0)):
        dx = ((x[:, b] - x[:, a]) / area)[:, None, None]
        dy = ((y[:, b] - y[:, a]) / area)[:, None, None]
        edges.append(dx * (py - y[:, a, None, None]) - dy * (px - x[:, a, None, None]))
    third = 1.0 - edges[0] - edges[1]
    hit = (edges[0] >= 0) & (edges[1] >= 0) & (third >= 0)
    hit &= (px < size) & (py < size)
    which, row, column = np.nonzero(hit)
    pixel = (top[rows[which]] + row) * size + left[rows[which]] + column
    weights = np.stack([edges[0][hit], edges[1][hit], third[hit]], axis=1)
    return pixel.astype(np.int32), rows[which].astype(np.int32), weights.astype(np.float32)


def _nearest(pixel: Int32, depth: Float32, pixels: int) -> NDArray[np.intp]:
    """Rows of the nearest fragment of each pixel that has one, in the order of the pixels."""
    if pixel.size == 0:
        return np.zeros(0, np.intp)
    low, high = float(depth.min()), float(depth.max())
    level = ((depth - low) * (DEPTH_STEPS / max(high - low, 1e-12))).astype(np.uint16)
    order = np.argsort(level, kind="stable")  # sixteen bits sort by radix, in linear time
    winner = np.full(pixels, -1, dtype=np.intp)
    winner[pixel[order]] = order  # of several written to one place the last, the nearest, stays
    return winner[winner >= 0]
