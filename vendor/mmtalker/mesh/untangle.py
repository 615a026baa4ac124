"""Turning back triangles that are turned over in the plane, by moving no more around them than must move."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse.csgraph import connected_components

from mmtalker.mesh.edges import adjacency_of
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.soap_film import soap_film

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

RINGS = (1, 2, 3, 5, 8, 12)
"""How far around a fold vertices may move, round by round, where the nearer ones alone could not undo it."""

AFRESH = 3
"""From as many rings on, a patch forgets how it lay, and begins as a soap film on its rim."""

EPSILONS = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3)
"""How much a turned-over triangle is let off, less each time."""

AREA = 1.0
"""Weight of keeping areas beside keeping angles."""

STEPS = 60
THIN = 0.02
"""Height by length, below which a triangle counts as one of this height: slivers would outweigh all else."""


def untangle(
    uv: Float64, vertices: Float64, triangles: Int64, fixed: Bools | None = None
) -> tuple[Float64, Int64]:
    """Move vertices in the plane until no triangle is turned over.

    In patches around folds this minimises the energy of Garanzha et al., "Foldover-free maps in 50 lines of
    code" (2021): angles and areas as in space, with a barrier against turning over that begins soft. What
    lies around a patch stays; patches grow where they must. Each is laid out alone: one that resists would
    else shorten the steps of all.

    Args:
        uv: (V, 2).
        vertices: (V, 3) where they lie in space.
        triangles: (T, 3).
        fixed: (V,) what may not move; none if absent.

    Returns:
        (V, 2), and the triangles, (N,) of T, that could not be turned back.
    """
    laid = uv.copy()
    adjacency = adjacency_of(triangles, len(uv))
    for rings in RINGS:
        bad = _turned_over(laid, triangles)
        if not len(bad):
            break
        near = np.zeros(len(uv))
        near[triangles[bad]] = 1.0
        for _ in range(rings):
            near = np.minimum(near + adjacency @ near, 1.0)
        free = near > 0.0
        if fixed is not None:
            free &= ~fixed
        if not free.any():
            break
        for patch in _patches(triangles, free, adjacency):
            laid = _relaxed(laid, vertices, patch, free, afresh=rings >= AFRESH)
    return laid, _turned_over(laid, triangles)


def _turned_over(uv: Float64, triangles: Int64) -> Int64:
    """(N,) triangles that are turned over, or would be where places are kept in single precision."""
    return np.flatnonzero(signed_areas(uv.astype(np.float32).astype(np.float64), triangles) <= 0.0)


def _patches(triangles: Int64, free: Bools, adjacency: sparse.csr_matrix) -> Iterator[Int64]:
    """Triangles (N, 3) around each piece of what is ``free``."""
    inner = np.flatnonzero(free)
    count, piece = connected_components(adjacency[inner][:, inner], directed=False)
    number = np.full(len(free), -1)
    number[inner] = piece
    # All free corners of a triangle are joined, so of one piece.
    owner = number[triangles].max(axis=1)
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(count + 1))
    for start, stop in pairwise(first):
        yield triangles[order[start:stop]]


def _relaxed(uv: Float64, vertices: Float64, triangles: Int64, free: Bools, afresh: bool) -> Float64:
    """Minimise the energy of a patch over its ``free`` vertices, from a soap film on if ``afresh``."""
    used, compact = np.unique(triangles, return_inverse=True)
    compact = compact.reshape(-1, 3)
    moving = free[used]
    here = uv[used]
    if afresh and not moving.all():
        here = soap_film(here, adjacency_of(compact, len(used)), moving)
    gradients, area = _rest_gradients(vertices[used], here, compact)

    for epsilon in EPSILONS:

        def energy(flat: Float64, epsilon: float = epsilon) -> tuple[float, Float64]:
            here[moving] = flat.reshape(-1, 2)
            value, slope = _energy(here, compact, gradients, area, epsilon)
            return value, slope[moving].ravel()

        found = minimize(
            energy,
            here[moving].ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": STEPS, "maxcor": 12},
        )
        here[moving] = found.x.reshape(-1, 2)
        if not len(_turned_over(here, compact)):
            break
    result = uv.copy()
    result[used] = here
    return result


def _rest_gradients(vertices: Float64, uv: Float64, triangles: Int64) -> tuple[Float64, Float64]:
    """(T, 3, 2) gradients of the corners' hat functions on each triangle at rest, and its (T,) area.

    All are brought to the size that they have together in the plane.
    """
    corners = vertices[triangles]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    length = np.maximum(np.linalg.norm(first, axis=1), 1e-12)
    along = first / length[:, None]
    x = (second * along).sum(axis=1)
    height = np.linalg.norm(second - x[:, None] * along, axis=1)
    longest = np.maximum(length, np.linalg.norm(second, axis=1))
    height = np.maximum(height, THIN * longest)
    area = 0.5 * length * height
    flat = np.zeros((len(corners), 3, 2))
    flat[:, 1, 0], flat[:, 2, 0], flat[:, 2, 1] = length, x, height
    size = np.sqrt(max(np.abs(signed_areas(uv, triangles)).sum(), 1e-30) / area.sum())
    flat *= size
    area = area * size**2
    opposite = flat[:, [2, 0, 1]] - flat[:, [1, 2, 0]]
    turned = np.stack([-opposite[..., 1], opposite[..., 0]], axis=-1)
    return turned / (2.0 * area)[:, None, None], area


def _energy(
    uv: Float64, triangles: Int64, gradients: Float64, area: Float64, epsilon: float
) -> tuple[float, Float64]:
    """The energy, and its (V, 2) slope."""
    corners = uv[triangles]
    # By hand and not by einsum: this is called a thousand times.
    a, b = (_dot(corners[..., 0], gradients[..., k]) for k in (0, 1))
    c, d = (_dot(corners[..., 1], gradients[..., k]) for k in (0, 1))
    det = a * d - b * c
    root = np.sqrt(epsilon**2 + det**2)
    # The same written in two ways: the second loses its digits where a triangle is turned far over.
    barrier = np.where(det < 0.0, 0.5 * epsilon**2 / (root + np.abs(det)), 0.5 * (det + root))
    shape = (a * a + b * b + c * c + d * d) / barrier
    size = (det * det + 1.0) / barrier
    value = float((area * (shape + AREA * size)).sum())
    twice = 2.0 * area / barrier
    by_det = area * ((2.0 * AREA * det) / barrier - (shape + AREA * size) / root)
    slope = np.empty((len(uv), 2))
    parts = (
        (twice * a + by_det * d, twice * b - by_det * c),
        (twice * c - by_det * b, twice * d + by_det * a),
    )
    for axis, (along, across) in enumerate(parts):
        per_corner = along[:, None] * gradients[..., 0] + across[:, None] * gradients[..., 1]
        slope[:, axis] = np.bincount(triangles.ravel(), per_corner.ravel(), len(uv))
    return value, slope


def _dot(first: Float64, second: Float64) -> Float64:
    """Sum of the products of three corners' values."""
    products = first * second
    total: Float64 = products[:, 0] + products[:, 1] + products[:, 2]
    return total
