"""Which sheets continue each other where several meet at one edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mmtalker.mesh.mesh import Float64

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

FOLD = np.radians(1.0)
"""Two triangles at a smaller angle lie on each other: neither continues the other."""


def joined(count: int, one: Int64, other: Int64) -> Int64:
    """(count,) number of each node's connected component, in the order of the first node of each."""
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), (count, count))
    # SciPy visits the nodes in their order, and so numbers components like this; a test holds it to it.
    return np.asarray(connected_components(graph, directed=False)[1].astype(np.int64))


def pair_surfaces_at_edges(
    points: Float64, place: Int64, triangles: Int64, corner: Int64, key: Int64
) -> tuple[Int64, Int64]:
    """Pair open half-edges that lie on each other; returns the corners at which the two of each pair begin.

    Two alone are a pair unless their triangles lie on each other, or turn against each other and are bent
    by more than a right angle, as stacked cards of hair are. Of more, only triangles that turn alike are
    joined: first those that are one surface elsewhere, since what else ends here is a lash or a tear line.
    Among these the least solid angle between rear sides wins: they bound the same piece of flesh, an upper
    lip or a lower one, and what faces them over the air stays apart. Which side is the rear one follows from
    the signed volume of all. Lips that touch along a line decide all along it together, by the mean: flesh
    that overlaps a little at one edge changes nothing.

    Args:
        points: (V, 3). place: (V,) equal where vertices coincide. triangles: (T, 3).
        corner: (E,) numbers in ``triangles.ravel()`` at which half-edges begin, sorted by
        key: (E,) equal where half-edges lie on each other.
    """
    fresh = np.append(True, key[1:] != key[:-1])[: len(key)]
    start = np.flatnonzero(fresh)
    size = np.diff(np.append(start, len(key)))
    two = start[size == 2]
    one, other = corner[two], corner[two + 1]
    inward, _ = _frames(points, triangles, one)
    opposite, _ = _frames(points, triangles, other)
    alike = place[triangles.ravel()[one]] == place[triangles.ravel()[other]]
    apart = np.einsum("ec,ec->e", inward, opposite) < np.where(alike, 0.0, np.cos(FOLD))
    one, other = one[apart], other[apart]
    several = np.repeat(size > 2, size)
    if several.any():
        sheets = _sheets(place, triangles, (one, other), corner[several], key[several])
        surface = _surfaces(len(points), triangles, one, other)
        left, right = _smallest_solid_angle(
            points, place, triangles, corner[several], key[several], sheets, surface[corner[several] // 3]
        )
        one, other = np.append(one, left), np.append(other, right)
    return one, other


def _frames(points: Float64, triangles: Int64, corner: Int64) -> tuple[Float64, Float64]:
    """Unit vectors (E, 3) of half-edges: into the triangle, at right angles to the edge, and its normal."""
    face = corner // 3
    tail, head, third = (points[triangles[face, (corner + turn) % 3]] for turn in range(3))
    along = _unit(head - tail)
    inward = third - tail
    inward = _unit(inward - np.einsum("ec,ec->e", inward, along)[:, None] * along)
    return inward, np.cross(along, inward)


def _unit(vectors: Float64) -> Float64:
    unit: Float64 = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)
    return unit


def _sheets(place: Int64, triangles: Int64, known: tuple[Int64, Int64], corner: Int64, key: Int64) -> Int64:
    """(E,) number of the sheet that each half-edge ends, as far as it goes on along a line of such edges.

    Around each place the triangles form fans, between one undecided edge and the next. Where two such
    edges meet and no third, a fan's two ends are the border of one sheet.
    """
    ends = place[triangles[corner // 3, np.stack([corner, corner + 1]) % 3]]
    undecided = np.unique(np.stack([ends.ravel(), np.tile(key, 2)], axis=1), axis=0)
    lines = np.bincount(undecided[:, 0], minlength=int(place.max()) + 1)
    one, other = _shared_edges(place, triangles, lines > 0)
    one, other = np.append(one, known[0]), np.append(other, known[1])
    crossed = place[triangles.ravel()[one]] != place[triangles.ravel()[other]]
    begin, end = np.where(crossed, _next(other), other), np.where(crossed, other, _next(other))
    fan = joined(triangles.size, np.append(one, _next(one)), np.append(begin, end))
    at = np.append(fan[corner], fan[_next(corner)])
    # Where another number of lines meet, nothing goes on.
    at = np.where(lines[ends.ravel()] == 2, at, triangles.size + np.arange(len(at)))
    order = np.argsort(at, kind="stable")
    follows = at[order][1:] == at[order][:-1]
    edges = order % len(corner)
    return joined(len(corner), edges[:-1][follows], edges[1:][follows])


def _surfaces(count: int, triangles: Int64, one: Int64, other: Int64) -> Int64:
    """(T,) connected component of each triangle, by shared vertices and what is known to be joined."""
    corners = triangles.ravel()
    ends = np.append(triangles[:, [0, 0]].ravel(), corners[one])
    others = np.append(triangles[:, [1, 2]].ravel(), corners[other])
    return np.asarray(joined(count, ends, others)[triangles[:, 0]])


def _next(corner: Int64) -> Int64:
    """The corner after each, in its own triangle."""
    return corner // 3 * 3 + (corner + 1) % 3


def _shared_edges(place: Int64, triangles: Int64, wanted: Bool) -> tuple[Int64, Int64]:
    """Pairs of corners at which the half-edges begin that two triangles share by their vertices.

    Only of triangles with a corner at one of the ``wanted`` places.
    """
    face = np.flatnonzero(wanted[place[triangles]].any(axis=1))
    corner = (face[:, None] * 3 + np.arange(3)).ravel()
    tail, head = triangles.ravel()[corner], triangles.ravel()[_next(corner)]
    key = np.minimum(tail, head) * len(place) + np.maximum(tail, head)
    order = np.argsort(key, kind="stable")
    start = np.flatnonzero(np.append(True, key[order][1:] != key[order][:-1]))
    two = start[np.diff(np.append(start, len(key))) == 2]
    return corner[order[two]], corner[order[two + 1]]


def _smallest_solid_angle(
    points: Float64,
    place: Int64,
    triangles: Int64,
    corner: Int64,
    key: Int64,
    sheet: Int64,
    surface: Int64,
) -> tuple[Int64, Int64]:
    """Partners among more than two half-edges of equal keys: of one surface first, then the least angle.

    Args:
        sheet: (E,) whose edges decide together. surface: (E,).
    """
    one, other = _within_groups(key)
    begin = place[triangles.ravel()[corner]]
    alike = begin[one] == begin[other]
    one, other = one[~alike], other[~alike]
    inward, normal = _frames(points, triangles, corner)
    a, b, c = np.moveaxis(points[triangles] - points[triangles].mean(axis=(0, 1)), 1, 0)
    outwards = 1.0 if float(np.sum(np.cross(a, b) * c)) >= 0.0 else -1.0
    along = np.einsum("ec,ec->e", inward[one], inward[other])
    behind = -outwards * np.einsum("ec,ec->e", normal[one], inward[other])
    angle = np.arctan2(behind, along) % (2.0 * np.pi)
    # Over the air of no width between touching surfaces, all the flesh is between the rear sides.
    angle[angle < FOLD] += 2.0 * np.pi
    low, high = np.sort(np.stack([sheet[one], sheet[other]]), axis=0)
    both = np.unique(low * len(sheet) + high, return_inverse=True)[1].ravel()
    cost = (np.bincount(both, weights=angle) / np.bincount(both))[both] if len(both) else angle
    possible = cost < 2.0 * np.pi - FOLD
    cost += np.where(surface[one] == surface[other], 0.0, 4.0 * np.pi)
    one, other = _best_first(one[possible], other[possible], cost[possible], len(corner))
    return corner[one], corner[other]


def _within_groups(key: Int64) -> tuple[Int64, Int64]:
    """All pairs of entries with equal keys in a sorted array."""
    one, other = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for step in range(1, len(key)):
        here = np.flatnonzero(key[step:] == key[:-step])
        if not len(here):
            break
        one.append(here)
        other.append(here + step)
    return np.concatenate(one), np.concatenate(other)


def _best_first(one: Int64, other: Int64, cost: Float64, count: int) -> tuple[Int64, Int64]:
    """Choose pairs so that each entry has one partner, cheapest first; of equals the first."""
    number = np.argsort(np.argsort(cost, kind="stable"), kind="stable")
    found: list[tuple[Int64, Int64]] = [(one[:0], other[:0])]
    while len(one):
        least = np.full(count, len(cost), dtype=np.int64)
        np.minimum.at(least, one, number)
        np.minimum.at(least, other, number)
        mutual = (number == least[one]) & (number == least[other])
        found.append((one[mutual], other[mutual]))
        taken = np.zeros(count, dtype=np.bool_)
        taken[one[mutual]] = taken[other[mutual]] = True
        left = ~(taken[one] | taken[other])
        one, other, number = one[left], other[left], number[left]
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])
