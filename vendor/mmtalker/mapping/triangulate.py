"""Polygons cut into triangles without folds, however concave they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.ears import EarClipping
from mmtalker.mesh.mesh import Float64, Mesh

Int64 = NDArray[np.int64]

FLAT = 1e-9
"""Share of a polygon's extent, squared, below which an ear's area counts as none."""

MANY = 16
"""Corners up to which polygons are cut side by side, in time that grows with the square of their corners."""

NEARLY = 0.9999
"""The second diagonal of a quad has to be shorter by more than rounding."""


def triangulate(mesh: Mesh) -> tuple[Int64, Int64]:
    """Cut all polygons; returns (T, 3) mesh vertices and the (T,) polygon of each, in polygon order.

    A quad gets the diagonal on whose two sides it does not fold, and of two such the shorter one; larger
    polygons lose ears, the one with the shortest diagonal first. Polygons of fewer than three corners give
    nothing.
    """
    sizes = np.diff(mesh.loop_starts)
    points = mesh.vertices.astype(np.float64)
    corners: list[Int64] = []
    faces: list[Int64] = []
    for size in np.unique(sizes[sizes >= 3]):
        face = np.flatnonzero(sizes == size)
        polygons = mesh.loop_vertices[mesh.loop_starts[face][:, None] + np.arange(size)].astype(np.int64)
        local = _local_triangles(points[polygons])
        corners.append(np.take_along_axis(polygons[:, None, :], local, axis=2).reshape(-1, 3))
        faces.append(np.repeat(face, size - 2))
    if not faces:
        return np.empty((0, 3), dtype=np.int64), np.empty(0, dtype=np.int64)
    every = np.concatenate(faces)
    order = np.argsort(every, kind="stable")
    return np.concatenate(corners)[order], every[order]


def _local_triangles(polygons: Float64) -> Int64:
    """(F, n - 2, 3) corner numbers of the triangles of (F, n, 3) polygons."""
    count, size = polygons.shape[:2]
    if size == 3:
        return np.tile(np.arange(3), (count, 1, 1))
    if size == 4:
        return _cut_quads(polygons)
    flat = _flattened(polygons)
    if size <= MANY:
        return _clip_ears(flat)
    # The ears of a round polygon shrink with the cube of its corners.
    tolerance = FLAT * (MANY / size) ** 3
    return np.stack([EarClipping(polygon, tolerance).triangles() for polygon in flat])


def _cut_quads(quads: Float64) -> Int64:
    cuts = np.array([[[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]]])
    normals = [[_normal(quads[:, triangle]) for triangle in cut] for cut in cuts]
    whole = np.stack([np.einsum("fc,fc->f", one, other) > 0.0 for one, other in normals], axis=1)
    length = np.linalg.norm(quads[:, [2, 3]] - quads[:, [0, 1]], axis=2)
    second = np.where(whole[:, 0] == whole[:, 1], length[:, 1] < NEARLY * length[:, 0], whole[:, 1])
    return np.asarray(cuts[second.astype(np.int64)])


def _normal(triangles: Float64) -> Float64:
    cross: Float64 = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return cross


def _flattened(polygons: Float64) -> Float64:
    """(F, n, 2) corners in the plane of Newell's normal, turning left, in units of the polygon's extent."""
    local = polygons - polygons.mean(axis=1, keepdims=True)
    local /= np.maximum(np.abs(local).max(axis=(1, 2), keepdims=True), 1e-300)
    normal = np.cross(local, np.roll(local, -1, axis=1)).sum(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    aside = np.eye(3)[np.argmin(np.abs(normal), axis=1)]
    across = np.cross(aside, normal)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)
    up = np.cross(normal, across)
    return np.stack([np.einsum("fnc,fc->fn", local, axis) for axis in (across, up)], axis=2)


def _turn(a: Float64, b: Float64, c: Float64) -> Float64:
    """Twice the signed area of triangles in the plane."""
    one, other = b - a, c - a
    turn: Float64 = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return turn


def _clip_ears(flat: Float64) -> Int64:
    """Triangulate (F, n, 2) polygons side by side: one step takes one ear from each.

    Where no true ear is left, which only polygons that cross themselves bring about, the corner that turns
    left most is taken.
    """
    count, size = flat.shape[:2]
    rows = np.arange(count)
    before = np.tile(np.roll(np.arange(size), 1), (count, 1))
    after = np.tile(np.roll(np.arange(size), -1), (count, 1))
    alive = np.ones((count, size), dtype=np.bool_)
    clipped = np.empty((count, size - 2, 3), dtype=np.int64)
    for step in range(size - 3):
        previous = np.take_along_axis(flat, before[:, :, None], axis=1)
        following = np.take_along_axis(flat, after[:, :, None], axis=1)
        turn = np.where(alive, _turn(previous, flat, following), -np.inf)
        cost = np.where(turn > FLAT, np.sum((following - previous) ** 2, axis=2), np.inf)
        ear = np.argmax(turn, axis=1)
        pending = rows
        while len(pending):
            best = np.argmin(cost[pending], axis=1)
            found = np.isfinite(cost[pending, best])
            pending, best = pending[found], best[found]
            blocked = _holds_another(flat, alive, pending, before[pending, best], best, after[pending, best])
            ear[pending[~blocked]] = best[~blocked]
            cost[pending, best] = np.inf
            pending = pending[blocked]
        left, right = before[rows, ear], after[rows, ear]
        clipped[:, step] = np.stack([left, ear, right], axis=1)
        alive[rows, ear] = False
        after[rows, left], before[rows, right] = right, left
    last = np.argmax(alive, axis=1)
    clipped[:, -1] = np.stack([before[rows, last], last, after[rows, last]], axis=1)
    return clipped


def _holds_another(
    flat: Float64, alive: NDArray[np.bool_], rows: Int64, a: Int64, b: Int64, c: Int64
) -> NDArray[np.bool_]:
    """(R,) whether another living corner lies in each row's triangle a, b, c; its own places are none."""
    points = flat[rows]
    corners = [flat[rows, corner][:, None] for corner in (a, b, c)]
    inside = alive[rows]
    for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
        inside = inside & (_turn(one, other, points) >= -FLAT) & (points != one).any(axis=2)
    return np.asarray(inside.any(axis=1))
