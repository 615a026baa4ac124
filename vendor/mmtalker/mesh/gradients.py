"""Deformation gradients of triangles, as Sumner and Popović (2004) define them, and linear systems of them.

A triangle alone says nothing about what happens across it. So each gets a fourth point above its first
corner, at a distance that grows like its edges; then its deformation is one matrix.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def frames(vertices: Float64, triangles: Int64) -> Float64:
    """Return (T, 3, 3) whose columns lead from the first corner to second, third and fourth point."""
    first, second, third = (vertices[triangles[:, corner]] for corner in range(3))
    cross = np.cross(second - first, third - first)
    up = cross / np.sqrt(np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-30))
    return np.stack([second - first, third - first, up], axis=2)


def gradients(rest: Float64, moved: Float64, triangles: Int64) -> Float64:
    """Return (T, 3, 3): what each triangle's frame at rest has to be multiplied by to be the moved one."""
    found: Float64 = frames(moved, triangles) @ np.linalg.inv(frames(rest, triangles))
    return found


def gradient_operator(rest: Float64, triangles: Int64) -> sparse.csr_matrix:
    """Return the matrix (3 T, V + T) from vertices and fourth points to all gradients.

    Multiplied by (V + T, 3) positions it gives :func:`stacked` gradients, and by displacements those without
    the unit matrix.
    """
    inverse = np.linalg.inv(frames(rest, triangles))  # (T, point, axis)
    fourth = len(rest) + np.arange(len(triangles))
    return _operator(
        inverse, np.concatenate([triangles, fourth[:, None]], axis=1), len(rest) + len(triangles)
    )


def tangent_operator(rest: Float64, triangles: Int64) -> sparse.csr_matrix:
    """Return the matrix (3 T, V) from vertices to all gradients along the triangles.

    Where each triangle has a goal of its own, least squares of it find the same vertices as those of
    :func:`gradient_operator`: every fourth point is free to meet what is asked across its triangle.
    """
    return _operator(np.linalg.inv(frames(rest, triangles))[:, :2], triangles, len(rest))


def _operator(weights: Float64, points: Int64, count: int) -> sparse.csr_matrix:
    """Put (T, P - 1, 3) weights of all (T, P) points but the first into rows; the first balances them."""
    weights = np.concatenate([-weights.sum(axis=1, keepdims=True), weights], axis=1)
    rows = np.broadcast_to(3 * np.arange(len(points))[:, None, None] + np.arange(3), weights.shape)
    columns = np.broadcast_to(points[:, :, None], weights.shape)
    return sparse.csr_matrix(
        (weights.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * len(points), count)
    )


def stacked(matrices: Float64) -> Float64:
    """Return (T, 3, 3) gradients one below the other and transposed, (3 T, 3), as the operators give them."""
    return matrices.transpose(0, 2, 1).reshape(-1, 3)


class PinnedSystem:
    """A symmetric linear system with some unknowns given, factorised for any number of right sides."""

    def __init__(self, matrix: sparse.spmatrix, pinned: Int64) -> None:
        """Factorise what is left of (N, N) ``matrix`` when the unknowns ``pinned`` are given."""
        self._pinned = pinned
        self._free = np.setdiff1d(np.arange(matrix.shape[0]), pinned)
        rows = matrix.tocsr()[self._free]
        self._coupling = rows[:, pinned]
        self._factors = linalg.splu(
            rows[:, self._free].tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    def solve(self, right: Float64, values: Float64) -> Float64:
        """Solve for (N, C) ``right``, the pinned unknowns being (P, C) ``values``; returns (N, C)."""
        solution = np.empty_like(right)
        solution[self._pinned] = values
        solution[self._free] = self._factors.solve(right[self._free] - self._coupling @ values)
        return solution
