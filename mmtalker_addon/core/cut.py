"""Where to cut a mouth open: the edges of a mesh that follow the line where its lips meet."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

_REACH = 0.5
"""How far from the line edges are looked at, in lengths of the line."""

_STRAY = 0.2
"""How far a path may stray from the line before it is none, in lengths of the line."""

_NEAR = 0.01
"""A distance from the line that hardly counts, in lengths of the line."""


class NoPath(ValueError):
    """The mesh cannot be cut along the line; the message says why, to the artist."""


def find_lip_path(
    vertices: NDArray[np.floating[Any]],
    loop_vertices: NDArray[np.integer[Any]],
    loop_starts: NDArray[np.integer[Any]],
    line: NDArray[np.floating[Any]],
) -> list[int]:
    """Return the vertices of the path of edges that follows the line best, end to end.

    Both sides of every edge have a face, and no vertex but the ends may touch an opening: splitting these
    edges parts the surface into two lips that hang together at the ends.

    Args:
        vertices: (V, 3). loop_vertices: (L,) vertex of each polygon corner. loop_starts: (F + 1,) first
            corner of each polygon, then L.
        line: (P, 3) points from corner to corner of the mouth, on the surface.

    Raises:
        NoPath: there is no such path.
    """
    points = np.asarray(vertices, dtype=np.float64)
    line = np.asarray(line, dtype=np.float64)
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum()) if len(line) > 1 else 0.0
    if length == 0.0:
        raise NoPath(
            "Check Head found no line along the lips: move the corners of the mouth and press Update."
        )
    edges, faces = _edges(np.asarray(loop_vertices), np.asarray(loop_starts))
    open_vertex = np.zeros(len(points), dtype=bool)
    open_vertex[edges[faces != 2]] = True
    distance = distance_to_line(points, line)
    usable = (distance < _REACH * length) & ~open_vertex
    edges = edges[usable[edges].all(axis=1)]
    if not len(edges):
        raise NoPath("There are no edges to cut along the lips: the mesh is open there, or not joined up.")
    part = _parts(edges, len(points))
    near = np.unique(edges)
    near = near[part[near] == _commonest(part[near[_nearest(points[near], line)]])]
    start, end = (int(near[_nearest(points[near], line[[row]])[0]]) for row in (0, -1))
    middles = points[edges].mean(axis=1)
    stray = (distance[edges].sum(axis=1) + 2.0 * distance_to_line(middles, line)) / 4.0
    lengths = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    cost = lengths * (1.0 + stray / (_NEAR * length))
    path = _cheapest(edges, cost, start, end)
    if len(path) < 3:
        raise NoPath(
            "The faces at the mouth are too large to cut between its corners: subdivide the lips, "
            "then press Check Head again."
        )
    if distance[path].max() > _STRAY * length:
        raise NoPath(
            "No edges follow the line where the lips meet: add an edge loop along it, then press Check Head "
            "again."
        )
    return path


def distance_to_line(points: Float64, line: Float64) -> Float64:
    """(N,) distance of (N, 3) points from the polyline through (P, 3)."""
    best = np.full(len(points), np.inf)
    for start, end in pairwise(line):
        along = end - start
        place = np.clip((points - start) @ along / max(float(along @ along), 1e-30), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - (start + place[:, None] * along), axis=1))
    return best


def _edges(
    loop_vertices: NDArray[np.integer[Any]], loop_starts: NDArray[np.integer[Any]]
) -> tuple[Int64, Int64]:
    """(E, 2) edges of the polygons, and the (E,) number of polygons at each."""
    following = np.arange(1, len(loop_vertices) + 1)
    following[loop_starts[1:] - 1] = loop_starts[:-1]
    pairs = np.sort(np.stack([loop_vertices, loop_vertices[following]], axis=1).astype(np.int64), axis=1)
    edges, counts = np.unique(pairs, axis=0, return_counts=True)
    return edges, counts


def _parts(edges: Int64, count: int) -> Int64:
    """(count,) number of the part that each vertex hangs together with."""
    label = np.arange(count)
    while True:
        low = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        merged = label.copy()
        for side in (0, 1):
            np.minimum.at(merged, edges[:, side], low)
        merged = merged[merged]
        if (merged == label).all():
            return label
        label = merged


def _nearest(points: Float64, wanted: Float64) -> Int64:
    """(P,) index of the point nearest to each wanted one."""
    found = [int(np.argmin(np.linalg.norm(points - place, axis=1))) for place in wanted]
    return np.array(found, dtype=np.int64)


def _commonest(values: Iterable[int]) -> int:
    numbers, counts = np.unique(np.fromiter(values, dtype=np.int64), return_counts=True)
    return int(numbers[np.argmax(counts)])


def _cheapest(edges: Int64, cost: Float64, start: int, end: int) -> list[int]:
    """Dijkstra's path from start to end; empty where there is none."""
    neighbours: dict[int, list[tuple[int, float]]] = {}
    for (a, b), price in zip(edges.tolist(), cost.tolist(), strict=True):
        neighbours.setdefault(a, []).append((b, price))
        neighbours.setdefault(b, []).append((a, price))
    known: dict[int, float] = {start: 0.0}
    before: dict[int, int] = {}
    waiting = [(0.0, start)]
    while waiting:
        reached, vertex = heapq.heappop(waiting)
        if vertex == end:
            path = [end]
            while path[-1] != start:
                path.append(before[path[-1]])
            return path[::-1]
        if reached > known[vertex]:
            continue
        for other, price in neighbours.get(vertex, ()):
            if reached + price < known.get(other, np.inf):
                known[other], before[other] = reached + price, vertex
                heapq.heappush(waiting, (reached + price, other))
    return []
