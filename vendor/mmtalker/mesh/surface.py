"""Points of the canonical surface by their place in the chart: which triangle, and what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mesh.edges import edge_keys

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class CanonicalSurface:
    """Looks (u, v) up in the chart's triangles through a regular grid; all calls are vectorised."""

    def __init__(
        self, uv: NDArray[np.floating[Any]], triangles: NDArray[np.integer[Any]], cells: int = 192
    ) -> None:
        """Index a chart of (C, 2) places and (S, 3) triangles without flips."""
        self.uv: Float64 = np.asarray(uv, dtype=np.float64)
        self.triangles: Int64 = np.asarray(triangles, dtype=np.int64)
        self._cells = cells
        corners = self.uv[self.triangles]
        self._origin = corners[:, 0]
        (a, b), (c, d) = (corners[:, 1:, axis].T - corners[:, 0, axis] for axis in (0, 1))
        # Written out, since np.linalg.inv takes most of the time of preparing a dense head.
        inverse = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
        self._inverse = np.ascontiguousarray(inverse.transpose(2, 0, 1))
        low = self._cell(corners.min(axis=1))
        high = self._cell(corners.max(axis=1))
        spans = high - low + 1
        counts = spans[:, 0] * spans[:, 1]
        owner = np.repeat(np.arange(len(self.triangles)), counts)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        row, column = step // spans[owner, 1], step % spans[owner, 1]
        cell = (low[owner, 0] + row) * cells + low[owner, 1] + column
        order = np.argsort(cell, kind="stable")
        self._members = owner[order]
        self._first = np.searchsorted(cell[order], np.arange(cells * cells + 1))
        self._boundary, self._boundary_triangle = self._edges_of_boundary()
        self._tree = cKDTree(self._boundary.mean(axis=1))

    def locate(self, uv: NDArray[np.floating[Any]]) -> tuple[Int64, Float64]:
        """Find (N, 2) places; outside the chart the nearest boundary point is taken.

        Returns:
            (N,) triangle indices and (N, 3) barycentric weights, never negative, summing to one.
        """
        points = np.asarray(uv, dtype=np.float64)
        found = np.full(len(points), -1, dtype=np.int64)
        weights = np.zeros((len(points), 3))
        cell = self._cell(points)
        flat = cell[:, 0] * self._cells + cell[:, 1]
        start, stop = self._first[flat], self._first[flat + 1]
        waiting = np.flatnonzero(stop > start)
        turn = 0
        while len(waiting):
            candidate = self._members[start[waiting] + turn]
            weight = self._weights(points[waiting], candidate)
            # Column by column: NumPy's reductions along an axis of three take ten times as long.
            hit = (weight[:, 0] >= -1e-9) & (weight[:, 1] >= -1e-9) & (weight[:, 2] >= -1e-9)
            found[waiting[hit]], weights[waiting[hit]] = candidate[hit], weight[hit]
            turn += 1
            waiting = waiting[~hit]
            waiting = waiting[start[waiting] + turn < stop[waiting]]
        outside = np.flatnonzero(found < 0)
        if len(outside):
            found[outside], weights[outside] = self._snap(points[outside])
        weights = np.maximum(weights, 0.0)
        return found, weights / weights.sum(axis=1, keepdims=True)

    def interpolate(self, field: NDArray[np.floating[Any]], uv: NDArray[np.floating[Any]]) -> Float64:
        """Values (N, ...) at (N, 2) places of a field given per chart vertex, (C, ...)."""
        return self.blend(field, *self.locate(uv))

    def blend(self, field: NDArray[np.floating[Any]], triangle: Int64, weights: Float64) -> Float64:
        """Values (N, ...) at what :meth:`locate` returned; use it for several fields at the same places."""
        corners = np.asarray(field)[self.triangles[triangle]]
        blended: Float64 = np.einsum("nk,nk...->n...", weights, corners)
        return blended

    def nearest_vertex(self, uv: NDArray[np.floating[Any]]) -> Int64:
        """(N,) the corner with the largest weight in the triangle at each place; for labels."""
        triangle, weights = self.locate(uv)
        nearest: Int64 = self.triangles[triangle, np.argmax(weights, axis=1)]
        return nearest

    def _cell(self, points: Float64) -> Int64:
        return np.clip((points * self._cells).astype(np.int64), 0, self._cells - 1)

    def _weights(self, points: Float64, triangle: Int64) -> Float64:
        second = np.einsum("nij,nj->ni", self._inverse[triangle], points - self._origin[triangle])
        return np.concatenate([1.0 - second.sum(axis=1, keepdims=True), second], axis=1)

    def _edges_of_boundary(self) -> tuple[Float64, Int64]:
        count = len(self.triangles)
        edges = np.concatenate([self.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        keys = edge_keys(self.triangles, len(self.uv))
        _, index, times = np.unique(keys, return_index=True, return_counts=True)
        single = index[times == 1]
        return self.uv[edges[single]], single % count

    def _snap(self, points: Float64) -> tuple[Int64, Float64]:
        """Nearest point on the boundary among the edges with the nearest middles."""
        _, candidates = self._tree.query(points, k=min(8, len(self._boundary)))
        start, stop = self._boundary[candidates, 0], self._boundary[candidates, 1]
        along = stop - start
        time = np.sum((points[:, None] - start) * along, axis=2) / np.sum(along**2, axis=2)
        foot = start + np.clip(time, 0.0, 1.0)[..., None] * along
        best = np.argmin(np.linalg.norm(points[:, None] - foot, axis=2), axis=1)
        rows = np.arange(len(points))
        triangle = self._boundary_triangle[candidates[rows, best]]
        return triangle, self._weights(foot[rows, best], triangle)
