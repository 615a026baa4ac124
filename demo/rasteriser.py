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

EDGES = ((1, 2), (2, 0), (0, 1))
"""Corners of the edge across from each corner."""
CRACK = 1e-3
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
    corners = points[triangles].astype(np.float32)
    triangle, line = _lines(corners, size)
    corners = corners[triangle]
    first, last = _spans(corners, line, size)
    width = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(line)), width)
    column = np.arange(len(row)) - np.repeat(np.cumsum(width) - width, width) + first[row]
    weights = _weights(corners, row, column, line)
    pixel, triangle = (line[row] * size + column).astype(np.int32), triangle[row]
    front = _nearest(pixel, np.einsum("nk,nk->n", weights, corners[row, :, 2]), size * size)
    return Fragments(pixel[front], triangle[front], weights[front])


def _lines(corners: Float32, size: int) -> tuple[Int32, Int32]:
    """Lines of pixels that each triangle reaches; gives (L,) triangles and (L,) line numbers."""
    y = corners[:, :, 1]
    area = _doubled_area(corners)
    top = np.maximum(np.ceil(y.min(axis=1) - 0.5), 0).astype(np.int32)
    bottom = np.minimum(np.floor(y.max(axis=1) - 0.5), size - 1).astype(np.int32)
    count = np.where(area < -1e-9, np.maximum(bottom - top + 1, 0), 0)
    triangle = np.repeat(np.arange(len(corners), dtype=np.int32), count)
    within = np.arange(len(triangle), dtype=np.int32) - np.repeat(np.cumsum(count) - count, count)
    return triangle, (within + top[triangle]).astype(np.int32)


def _doubled_area(corners: Float32) -> Float32:
    """Twice the area of (T, 3, 3) triangles, (T,), negative where they are seen from the front."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1], dtype=np.float32)


def _spans(corners: Float32, line: Int32, size: int) -> tuple[Int32, Int32]:
    """First and last pixel of each (L,) line inside its (L, 3, 3) triangle."""
    middle = line.astype(np.float32) + 0.5
    low, high = np.zeros(len(line), np.float32), np.full(len(line), size, np.float32)
    for a, b in EDGES:
        start, end = corners[:, a], corners[:, b]
        rise = end[:, 1] - start[:, 1]
        share = (middle - start[:, 1]) / np.where(rise == 0, 1.0, rise)
        crossing = start[:, 0] + share * (end[:, 0] - start[:, 0])
        np.maximum(low, crossing, out=low, where=rise > 0)
        np.minimum(high, crossing, out=high, where=rise < 0)
    # A little wider, so that rounding leaves no crack between two triangles; the nearer one wins anyway.
    first = np.maximum(np.ceil(low - 0.5 - CRACK), 0).astype(np.int32)
    last = np.minimum(np.floor(high - 0.5 + CRACK), size - 1).astype(np.int32)
    return first, last


def _weights(corners: Float32, row: NDArray[np.intp], column: NDArray[np.intp], line: Int32) -> Float32:
    """Barycentric weights (N, 3) of pixels, each given by its line's row and its column."""
    x, y = corners[:, :, 0], corners[:, :, 1]
    area = _doubled_area(corners)
    weights = np.empty((len(row), 3), dtype=np.float32)
    across = column.astype(np.float32) + np.float32(0.5)
    for index, (a, b) in enumerate(EDGES[:2]):
        slope = -(y[:, b] - y[:, a]) / area
        offset = (x[:, b] - x[:, a]) / area * (line + np.float32(0.5) - y[:, a]) - slope * x[:, a]
        weights[:, index] = offset[row] + slope[row] * across
    weights[:, 2] = 1.0 - weights[:, 0] - weights[:, 1]
    return np.clip(weights, 0.0, 1.0, out=weights)


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
