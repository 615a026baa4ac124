"""Points spread evenly over a surface: what the views show, whatever the topology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class SurfaceCloud:
    """Points on triangles.

    Attributes:
        points: (N, 3) positions.
        normals: (N, 3) unit normals of their triangles.
        triangle: (N,) which triangle each lies in.
        weights: (N, 3) barycentric place in it.
    """

    points: Float32
    normals: Float32
    triangle: NDArray[np.int64]
    weights: Float32

    def read(self, field: Floats, triangles: Integers) -> Floats:
        """Interpolate a (V, ...) vertex field at the points."""
        read: Floats = np.einsum("nk,nk...->n...", self.weights, field[triangles[self.triangle]])
        return read


def triangle_normals(vertices: Floats, triangles: Integers) -> tuple[Floats, Floats]:
    """Return (T, 3) unit normals, zero where there is no area, and the (T,) areas."""
    corners = vertices[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(length, 1e-30)[:, None], 0.5 * length


def spread(
    vertices: Floats, triangles: Integers, count: int, rng: np.random.Generator, weight: Floats | None = None
) -> SurfaceCloud:
    """Draw points, as many on every square millimetre.

    Args:
        vertices: (V, 3).
        triangles: (T, 3).
        count: N.
        rng: of the places.
        weight: (T,) how much denser than usual a triangle is covered; 0 leaves it out.
    """
    normals, areas = triangle_normals(vertices, triangles)
    mass = np.cumsum(areas if weight is None else areas * weight)
    # One point in each of N equal parts of the area: no two fall together by chance.
    at = (np.arange(count) + rng.random(count)) * (mass[-1] / count)
    triangle = np.minimum(np.searchsorted(mass, at), len(triangles) - 1)
    first, second = rng.random((2, count))
    over = first + second > 1.0
    first, second = np.where(over, 1.0 - first, first), np.where(over, 1.0 - second, second)
    weights = np.stack([1.0 - first - second, first, second], axis=1).astype(np.float32)
    points = np.einsum("nk,nkc->nc", weights, vertices[triangles[triangle]])
    return SurfaceCloud(points.astype(np.float32), normals[triangle].astype(np.float32), triangle, weights)
