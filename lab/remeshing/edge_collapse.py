"""Fewer triangles on the same surface: many edges at a time shrink to one of their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHEAPEST = 0.5
"""Share of the vertices, the cheapest ones, that a round may take."""

FEATURE_WEIGHT = 10.0
"""How much leaving a feature line costs, beside leaving the surface."""

EVENNESS = 1e-3
"""How much a long edge costs, beside leaving the surface: flat places get even triangles from it."""

SMALLEST_COSINE = 0.2
"""A triangle may not turn its normal by more than this."""

CHART_AREA = 1e-9
"""Triangles below this area of the chart count as flipped."""


@dataclass(frozen=True)
class Surface:
    """What is simplified.

    Attributes:
        points: (V, 3).
        triangles: (T, 3).
        label: (V,) part of each vertex; vertices merge with those of their own part only.
        chart: (V, 2) place in the plane; triangles that turn left there do so ever after.
        detail: (V,) how much finer than elsewhere triangles should be around each vertex.
        fixed: (V,) vertices that stay.
    """

    points: Float64
    triangles: Int64
    label: NDArray[np.integer[Any]]
    chart: Float64
    detail: Float64
    fixed: Bools


@dataclass(frozen=True)
class Edges:
    """Each edge of some triangles once.

    Attributes:
        ends: (E, 2) the smaller vertex first.
        of_corner: (T, 3) the edge from each corner to the next one.
        feature: (E,) whether it is a border, or the line on which a part ends. A triangle belongs to the
            greatest label of its corners, so that the mouth's line is where triangles reach into it.
    """

    ends: Int64
    of_corner: Int64
    feature: Bools

    @staticmethod
    def of(triangles: Int64, label: NDArray[np.integer[Any]]) -> Edges:
        """List the edges of (T, 3) triangles among vertices with (V,) labels."""
        ends = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1)
        key = ends.min(axis=-1) * len(label) + ends.max(axis=-1)
        found, index, count = np.unique(key.ravel(), return_inverse=True, return_counts=True)
        owner = np.repeat(label[triangles].max(axis=1), 3)
        first = np.zeros(len(found), dtype=owner.dtype)
        first[index] = owner
        differs = np.bincount(index, weights=owner != first[index], minlength=len(found)) > 0
        pairs = np.stack(np.divmod(found, len(label)), axis=1)
        return Edges(pairs, index.reshape(-1, 3), differs | (count != 2))


def chart_areas(chart: Float64, triangles: Int64) -> Float64:
    """Return the (T,) signed areas in the plane; positive turns left."""
    a, b, c = (chart[triangles[:, corner]] for corner in range(3))
    area: Float64 = 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    return area


def face_normals(points: Float64, triangles: Int64) -> Float64:
    """Return (T, 3) normals, each as long as twice the triangle's area."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normals: Float64 = np.cross(b - a, c - a)
    return normals


def keeps_its_side(surface: Surface, before: Int64, after: Int64, cosine: float = SMALLEST_COSINE) -> Bools:
    """Say of (N, 3) triangles whether each still faces the same way, within an angle, as another one."""
    old, new = face_normals(surface.points, before), face_normals(surface.points, after)
    size = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    faces = np.sum(old * new, axis=1) > cosine * size
    on_chart = chart_areas(surface.chart, before) > CHART_AREA
    kept: Bools = faces & (~on_chart | (chart_areas(surface.chart, after) > CHART_AREA))
    return kept


def collapse_edges(surface: Surface, target: int) -> tuple[Int64, Int64]:
    """Merge vertices into neighbours until ``target`` of them are left, or as few as can be.

    The cost of a merge is Garland and Heckbert's quadric error (1997) of the removed vertex at the place
    of the one that it joins, with planes across feature lines too. No vertex moves, so what is known of
    the remaining ones stays true.

    Returns:
        (N,) vertices that are left, and (T', 3) triangles among them in their old numbers.
    """
    quadrics = _quadrics(surface)
    triangles = surface.triangles
    refused = np.empty(0, dtype=np.int64)
    count = len(surface.points)
    left = len(np.unique(triangles))
    while left > target:
        edges = Edges.of(triangles, surface.label)
        removed, into = _candidates(surface, edges, quadrics, refused)
        if not len(removed):
            break
        chosen = slice(0, left - target)
        removed, into = removed[chosen], into[chosen]
        good = _allowed(surface, triangles, edges, removed, into)
        refused = np.append(refused, removed[~good] * count + into[~good])
        removed, into = removed[good], into[good]
        merged = np.arange(count)
        merged[removed] = into
        triangles = merged[triangles]
        triangles = triangles[
            (triangles[:, 0] != triangles[:, 1])
            & (triangles[:, 1] != triangles[:, 2])
            & (triangles[:, 2] != triangles[:, 0])
        ]
        np.add.at(quadrics, into, quadrics[removed])
        left -= len(removed)
    return np.unique(triangles), triangles


def _quadrics(surface: Surface) -> Float64:
    """(V, 4, 4) sums of the squared distances to the planes around each vertex."""
    points, triangles = surface.points, surface.triangles
    normal = face_normals(points, triangles)
    double = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(double, 1e-30)[:, None]
    quadrics = np.zeros((len(points), 4, 4))
    _add_planes(quadrics, triangles, unit, points[triangles[:, 0]], double / 6.0)

    edges = Edges.of(triangles, surface.label)
    face, corner = np.nonzero(edges.feature[edges.of_corner])
    ends = edges.ends[edges.of_corner[face, corner]]
    along = points[ends[:, 1]] - points[ends[:, 0]]
    across = np.cross(along, unit[face])
    length = np.maximum(np.linalg.norm(across, axis=1), 1e-30)
    _add_planes(
        quadrics, ends, across / length[:, None], points[ends[:, 0]], FEATURE_WEIGHT * length**2 / 4.0
    )
    return quadrics


def _add_planes(quadrics: Float64, corners: Int64, unit: Float64, point: Float64, weight: Float64) -> None:
    plane = np.concatenate([unit, -np.sum(unit * point, axis=1, keepdims=True)], axis=1)
    outer = weight[:, None, None] * plane[:, :, None] * plane[:, None, :]
    for corner in range(corners.shape[1]):
        np.add.at(quadrics, corners[:, corner], outer)


def _candidates(surface: Surface, edges: Edges, quadrics: Float64, refused: Int64) -> tuple[Int64, Int64]:
    """Vertices to remove and what each one joins, cheapest first; no two share a neighbour."""
    count = len(surface.points)
    lines = np.bincount(edges.ends[edges.feature].ravel(), minlength=count)
    start, stop = np.concatenate([edges.ends, edges.ends[:, ::-1]]).T
    along = np.concatenate([edges.feature, edges.feature])
    possible = (surface.label[start] == surface.label[stop]) & ~surface.fixed[start]
    # On a feature line a vertex goes along it, and where lines meet or end it stays.
    possible &= (lines[start] == 0) | ((lines[start] == 2) & along)
    possible &= ~np.isin(start * count + stop, refused)
    start, stop = start[possible], stop[possible]

    place = np.concatenate([surface.points[stop], np.ones((len(stop), 1))], axis=1)
    cost = np.einsum("ni,nij,nj->n", place, quadrics[start] + quadrics[stop], place)
    square = np.sum((surface.points[start] - surface.points[stop]) ** 2, axis=1)
    cost = cost + EVENNESS * (square * surface.detail[start] * surface.detail[stop]) ** 2
    order = np.argsort(cost, kind="stable")
    _, first = np.unique(start[order], return_index=True)
    best = order[np.sort(first)]
    best = best[: max(1, int(CHEAPEST * len(best)))]

    rank = np.full(count, count, dtype=np.int64)
    rank[start[best]] = np.arange(len(best))
    around = _least_around(_least_around(rank, edges.ends), edges.ends)
    free = around[start[best]] == np.arange(len(best))
    return start[best[free]], stop[best[free]]


def _least_around(values: Int64, edges: Int64) -> Int64:
    """(V,) least value of each vertex and its neighbours."""
    least = values.copy()
    np.minimum.at(least, edges[:, 0], values[edges[:, 1]])
    np.minimum.at(least, edges[:, 1], values[edges[:, 0]])
    return least


def _allowed(surface: Surface, triangles: Int64, edges: Edges, removed: Int64, into: Int64) -> Bools:
    """Say which merges keep a manifold and turn no triangle over."""
    count = len(surface.points)
    ones = np.ones(len(edges.ends), dtype=np.int64)
    half = sparse.coo_matrix((ones, (edges.ends[:, 0], edges.ends[:, 1])), (count, count))
    joined = (half + half.T).tocsr()
    common = np.asarray(joined[removed].multiply(joined[into]).sum(axis=1)).ravel()
    key = np.minimum(removed, into) * count + np.maximum(removed, into)
    row = np.searchsorted(edges.ends[:, 0] * count + edges.ends[:, 1], key)
    around = np.bincount(edges.of_corner.ravel(), minlength=len(edges.ends))[row]
    # The link condition (Dey et al. 1999): both ends know only those that share a triangle with the edge.
    good: Bools = common == around

    number = np.full(count, -1, dtype=np.int64)
    number[removed] = np.arange(len(removed))
    merged = np.arange(count)
    merged[removed] = into
    owner = number[triangles].max(axis=1)
    touched = triangles[owner >= 0]
    owner = owner[owner >= 0]
    stays = ~(touched == into[owner, None]).any(axis=1)
    touched, owner = touched[stays], owner[stays]
    turned = ~keeps_its_side(surface, touched, merged[touched])
    good[owner[turned]] = False
    return good
