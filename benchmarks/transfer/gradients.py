"""Deformation gradients of triangles, as Sumner and Popović (2004) define them, and linear systems of them.

A triangle alone says nothing about what happens across it. So each gets a fourth point above its first corner,
at a distance that grows like its edges; then its deformation is one matrix.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg

from benchmarks.transfer.surface import Float64, Int64


def frames(vertices: Float64, triangles: Int64) -> Float64:
    """Return (T, 3, 3) whose columns lead from the first corner to the second, the third and the fourth point."""
    first, second, third = (vertices[triangles[:, corner]] for corner in range(3))
    cross = np.cross(second - first, third - first)
    up = cross / np.sqrt(np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-30))
    return np.stack([second - first, third - first, up], axis=2)


def gradients(rest: Float64, moved: Float64, triangles: Int64) -> Float64:
    """Return (T, 3, 3): what each triangle's frame at rest has to be multiplied by to be the moved one."""
    found: Float64 = frames(moved, triangles) @ np.linalg.inv(frames(rest, triangles))
    return found


def gradient_operator(rest: Float64, triangles: Int64) -> sparse.csr_matrix:
    """Return the matrix (3 T, V + T) from vertices and fourth points to all gradients, transposed, in one column.

    Multiplied by (V + T, 3) positions it gives (3 T, 3); rows 3 t to 3 t + 2 are triangle t's gradient, transposed.
    It also takes displacements, and then gives the gradients without the unit matrix.
    """
    count, total = len(rest), len(triangles)
    inverse = np.linalg.inv(frames(rest, triangles))  # (T, point, axis)
    weights = np.concatenate([-inverse.sum(axis=1, keepdims=True), inverse], axis=1)  # (T, 4, axis)
    points = np.concatenate([triangles, count + np.arange(total)[:, None]], axis=1)
    rows = np.broadcast_to(3 * np.arange(total)[:, None, None] + np.arange(3), weights.shape)
    columns = np.broadcast_to(points[:, :, None], weights.shape)
    return sparse.csr_matrix(
        (weights.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * total, count + total)
    )


def stacked(matrices: Float64) -> Float64:
    """Return (T, 3, 3) gradients as the operator gives them, (3 T, 3)."""
    return matrices.transpose(0, 2, 1).reshape(-1, 3)


class PinnedSystem:
    """A symmetric linear system of which some unknowns are known, factorised for any number of right sides."""

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
