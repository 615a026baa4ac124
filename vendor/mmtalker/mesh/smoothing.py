"""Smoothing of displacements along the skin, by the same length on every mesh."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SMALLEST_SINE = 1e-6
COTANGENT_RANGE = (0.05, 5.0)
"""Obtuse corners would give negative weights, and slivers endless ones: both make waves, not calm."""


STILL = 0.01
"""Share of the largest displacement: skin that no field moves by more has nothing to smooth."""

REACH = 8.0
"""Lengths, or edges where these are longer, around what moves: further away 0.4 % of it would arrive."""


def smooth_along_skin(
    vertices: NDArray[np.floating[Any]], triangles: NDArray[np.integer[Any]], fields: Float32, length: float
) -> Float32:
    """Solve (M + length^4 L M^-1 L) y = M x: one implicit step of bi-Laplacian flow (Desbrun et al. 1999).

    Waves of wave number k shrink to 1 / (1 + (k length)^4), whatever the mesh's resolution: what is much
    shorter than the length is gone, what is longer stays nearly as it is. The two lips, which meet only
    through the pocket behind them, do not mix.

    Args:
        vertices: (V, 3).
        triangles: (T, 3) that cover all of them.
        fields: (K, V, 3) displacements.
        length: in the unit of ``vertices``.

    Returns:
        (K, V, 3).
    """
    points = np.asarray(vertices, dtype=np.float64)
    moved = np.abs(fields).max(axis=(0, 2), initial=0.0)
    moving = moved > STILL * moved.max(initial=0.0)
    smoothed = fields.astype(np.float32)
    if not moving.any():
        return smoothed
    edge = float(np.median(np.linalg.norm(points[triangles[:, 0]] - points[triangles[:, 1]], axis=1)))
    reach = REACH * max(length, edge)
    distance, _ = cKDTree(points[moving]).query(points, distance_upper_bound=reach)
    near = np.isfinite(distance)
    number = np.cumsum(near) - 1
    within = number[triangles[near[triangles].all(axis=1)]]
    smoothed[:, near] = _smooth(points[near], within, fields[:, near], length)
    return smoothed


def _smooth(points: Float64, triangles: NDArray[np.integer[Any]], fields: Float32, length: float) -> Float32:
    """The same, wherever it is."""
    laplacian, area = cotangent_laplacian(points, triangles), vertex_areas(points, triangles)
    # 1 / (1 + z^2) is the real part of 1 / (1 + iz): so L itself is factorised and not its square, which at
    # 100,000 vertices has twelve times the fill and takes ten times as long.
    system = (sparse.diags(area) + 1j * length**2 * laplacian).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    # Shape by shape: all of them at once fit into no cache, and take SuperLU fifteen times as long.
    shapes = [solver.solve(area[:, None] * field.astype(np.complex128)).real for field in fields]
    smoothed: Float32 = np.stack(shapes).astype(np.float32)
    return smoothed


def cotangent_laplacian(vertices: Float64, triangles: NDArray[np.integer[Any]]) -> sparse.csr_matrix:
    """Return the (V, V) cotangent Laplacian of (V, 3) vertices and (T, 3) triangles."""
    count = len(vertices)
    weights = sparse.csr_matrix((count, count))
    for corner in range(3):
        i, j, k = (triangles[:, (corner + turn) % 3] for turn in range(3))
        weight = 0.5 * _cotangent(vertices[i] - vertices[k], vertices[j] - vertices[k])
        weights = weights + sparse.coo_matrix((weight, (i, j)), (count, count)).tocsr()
    weights = weights + weights.T
    return (sparse.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights).tocsr()


def _cotangent(a: Float64, b: Float64) -> Float64:
    """Cotangent of the angle between rows of (T, 3) vectors, kept in a sane range."""
    sine = np.linalg.norm(np.cross(a, b), axis=1)
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cotangent: Float64 = np.sum(a * b, axis=1) / np.maximum(sine, np.maximum(SMALLEST_SINE * size, 1e-30))
    return np.clip(cotangent, *COTANGENT_RANGE)


def vertex_areas(vertices: Float64, triangles: NDArray[np.integer[Any]]) -> Float64:
    """Return (V,) a third of the area of the (T, 3) triangles around each of (V, 3) vertices; never zero."""
    corners = vertices[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    third = np.linalg.norm(cross, axis=1) / 6.0
    area = np.bincount(triangles.ravel(), weights=np.repeat(third, 3), minlength=len(vertices))
    return np.maximum(area, 1e-6 * area.mean())
