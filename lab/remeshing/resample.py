"""Copies of a training head with another number of vertices and other triangles, on the same surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lab.heads.training_heads import TrainingHead
from lab.remeshing.edge_collapse import (
    Edges,
    Surface,
    collapse_edges,
    keeps_its_side,
)
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import CHART_ROLES

Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

VARIANT_VERTICES = (4_000, 40_000)
"""From a coarse game head to a dense one."""

TURNED_SHARE = 0.3
"""Share of the edges that a jitter tries to turn."""

CHART_METRES = 0.4
"""What one unit of the chart is on the skin where the chart neither enlarges nor shrinks it, about."""

DETAIL_RANGE = (0.5, 8.0)

FLAT_COSINE = 0.95
"""Two triangles are turned only where they are this flat: creases stay."""


def subdivide(head: TrainingHead) -> TrainingHead:
    """Cut every triangle into four at the middles of its edges."""
    edges = _edges(head)
    return _split(head, edges, np.ones(len(edges.ends), dtype=np.bool_))


def resample(head: TrainingHead, vertices: int) -> TrainingHead:
    """Bring a head to a number of vertices: its longest edges are split, or its least needed ones shrink.

    Shrinking stops early where nothing more can go without a fold.
    """
    if vertices <= len(head.vertices):
        return decimate(head, vertices)
    while (missing := vertices - len(head.vertices)) > 0:
        edges = _edges(head)
        length = np.linalg.norm(np.diff(head.vertices[edges.ends], axis=1)[:, 0], axis=1)
        # Not all at a time, since the halves of a long edge may be longer than the rest.
        chosen = np.zeros(len(length), dtype=np.bool_)
        chosen[np.argsort(-length, kind="stable")[: min(missing, len(length) // 2)]] = True
        head = _split(head, edges, chosen)
    return head


def decimate(head: TrainingHead, vertices: int) -> TrainingHead:
    """Merge vertices until this many are left; the remaining ones are as before, in the same order.

    Landmarks and the pairs across lips and lids stay; the borders of neck and sockets lose vertices along
    themselves alone.
    """
    kept, triangles = collapse_edges(_surface(head), vertices)
    number = np.full(len(head.vertices), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    sources = np.repeat(kept[:, None], 3, axis=1)
    weights = np.tile([1.0, 0.0, 0.0], (len(kept), 1))
    return _carried(head, sources, weights, head.role[kept], number[triangles], number)


def jitter(head: TrainingHead, rng: np.random.Generator, amount: float = 0.4) -> TrainingHead:
    """Move vertices along the surface and turn edges; lip lines, lid margins and borders stay.

    Args:
        head: any.
        rng: where the moves come from.
        amount: how far a vertex goes into a triangle beside it, as a share of the way through.
    """
    return _turn_edges(_relocate(head, rng, amount), rng)


def head_variants(head: TrainingHead, rng: np.random.Generator) -> TrainingHead:
    """Draw a copy of a head with a random number of vertices and, every other time, irregular triangles."""
    low, high = np.log(VARIANT_VERTICES)
    variant = resample(head, round(np.exp(rng.uniform(low, high))))
    return jitter(variant, rng) if rng.random() < 0.5 else variant


def _edges(head: TrainingHead) -> Edges:
    return Edges.of(head.triangles.astype(np.int64), head.role)


def _marked(head: TrainingHead) -> NDArray[np.bool_]:
    """(V,) landmarks, and what is nearest to the canonical head's pairs across lips and lids."""
    canonical = load_canonical()
    pairs = np.concatenate([canonical.lip_pairs.ravel(), canonical.lid_pairs.ravel()])
    skin = np.flatnonzero(np.isin(head.role, CHART_ROLES))
    marked = np.zeros(len(head.vertices), dtype=np.bool_)
    marked[skin[cKDTree(head.uv[skin]).query(canonical.uv[pairs])[1]]] = True
    marked[list(head.landmarks.values())] = True
    return marked


def _surface(head: TrainingHead) -> Surface:
    """The chart enlarges lips and lids, and so says where detail is wanted."""
    points, chart = head.vertices.astype(np.float64), head.uv.astype(np.float64)
    ends = _edges(head).ends
    total = np.zeros((2, len(points)))
    for row, place in enumerate((CHART_METRES * chart, points)):
        length = np.linalg.norm(np.diff(place[ends], axis=1)[:, 0], axis=1)
        for end in ends.T:
            total[row] += np.bincount(end, weights=length, minlength=len(points))
    detail = np.clip(total[0] / np.maximum(total[1], 1e-12), *DETAIL_RANGE)
    triangles = head.triangles.astype(np.int64)
    return Surface(points, triangles, head.role.astype(np.int64), chart, detail, _marked(head))


def _split(head: TrainingHead, edges: Edges, chosen: NDArray[np.bool_]) -> TrainingHead:
    """Put a vertex on the middle of each chosen edge."""
    count = len(head.vertices)
    middle = np.where(chosen, count - 1 + np.cumsum(chosen), -1)
    ends = edges.ends[chosen]
    sources = np.concatenate([np.repeat(np.arange(count)[:, None], 3, axis=1), ends[:, [0, 1, 1]]])
    weights = np.concatenate([np.tile([1.0, 0.0, 0.0], (count, 1)), np.tile([0.5, 0.5, 0.0], (len(ends), 1))])
    # Between lip and mouth is in the mouth already.
    role = np.concatenate([head.role, head.role[ends].max(axis=1)])
    triangles = _cut(head.triangles.astype(np.int64), middle[edges.of_corner])
    return _carried(head, sources, weights, role, triangles, np.arange(count))


def _cut(triangles: Int64, middle: Int64) -> Int64:
    """Triangulate (T, 3) corners with (T, 3) new vertices on the edges after them, -1 where there is none."""
    cut = (middle >= 0).sum(axis=1)
    pieces = [triangles[cut == 0]]
    for number in (1, 2, 3):
        rows = np.flatnonzero(cut == number)
        # Turned so that the first edge is cut and, of two, the second one too.
        first = np.argmax(middle[rows] >= 0, axis=1)
        first[(number == 2) & (middle[rows, 0] >= 0) & (middle[rows, 2] >= 0)] = 2
        turn = (first[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(triangles[rows], turn, axis=1).T
        ab, bc, ca = np.take_along_axis(middle[rows], turn, axis=1).T
        corners = {
            1: [(a, ab, c), (ab, b, c)],
            2: [(ab, b, bc), (a, ab, bc), (a, bc, c)],
            3: [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)],
        }[number]
        pieces += [np.stack(piece, axis=1) for piece in corners]
    return np.concatenate(pieces)


def _relocate(head: TrainingHead, rng: np.random.Generator, amount: float) -> TrainingHead:
    """Move every vertex that is on no line into one of its triangles, unless that would fold something."""
    triangles = head.triangles.astype(np.int64)
    edges, still = _edges(head), _marked(head)
    still[edges.ends[edges.feature]] = True
    shuffled = rng.permutation(len(triangles) * 3)
    owner = triangles.ravel()[shuffled]
    _, first = np.unique(owner, return_index=True)
    face, corner = np.divmod(shuffled[first], 3)
    sources = np.stack([triangles[face, (corner + turn) % 3] for turn in range(3)], axis=1)
    share = rng.uniform(0.0, amount, len(sources))
    between = rng.random(len(sources))
    moved = np.stack([1.0 - share, share * between, share * (1.0 - between)], axis=1)

    stay = np.array([1.0, 0.0, 0.0])
    here = _surface(head)
    count = len(head.vertices)
    while True:
        weights = np.where(still[:, None], stay, moved)
        points, chart = (
            np.concatenate([field, np.einsum("nk,nkc->nc", weights, field[sources])])
            for field in (here.points, here.chart)
        )
        both = replace(here, points=points, chart=chart)
        folded = triangles[~keeps_its_side(both, triangles, triangles + count)]
        if still[folded].all():
            break
        still[folded] = True
    return _carried(head, sources, weights, head.role, triangles, np.arange(count))


def _turn_edges(head: TrainingHead, rng: np.random.Generator) -> TrainingHead:
    """Give pairs of triangles their other diagonal where the surface stays as it is."""
    surface, edges, count = _surface(head), _edges(head), len(head.vertices)
    triangles, of_corner = surface.triangles, edges.of_corner.ravel()
    order = np.argsort(of_corner, kind="stable")
    begin = np.searchsorted(of_corner[order], np.arange(len(edges.ends)))
    rank = rng.random(len(edges.ends))
    rank[edges.feature | (rng.random(len(rank)) > TURNED_SHARE)] = 2.0
    least = rank[edges.of_corner].min(axis=1)
    edge = np.flatnonzero(rank < 2.0)
    one, two = (np.divmod(order[begin[edge] + side], 3) for side in (0, 1))
    free = (least[one[0]] == rank[edge]) & (least[two[0]] == rank[edge])
    (left, corner), (right, other) = ((face[free], turn[free]) for face, turn in (one, two))

    a, b = triangles[left, corner], triangles[left, (corner + 1) % 3]
    c, d = triangles[left, (corner + 2) % 3], triangles[right, (other + 2) % 3]
    opposite = triangles[right, other] == b
    known = edges.ends[:, 0] * count + edges.ends[:, 1]
    fresh = np.minimum(c, d) * count + np.maximum(c, d)
    _, only = np.unique(fresh, return_index=True)
    good = np.isin(np.arange(len(fresh)), only) & ~np.isin(fresh, known) & opposite & (c != d)
    new_left, new_right = np.stack([a, d, c], axis=1), np.stack([d, b, c], axis=1)
    for before in (triangles[left], triangles[right]):
        for after in (new_left, new_right):
            good &= keeps_its_side(surface, before, after, FLAT_COSINE)
    turned = triangles.copy()
    turned[left[good]], turned[right[good]] = new_left[good], new_right[good]
    return replace(head, triangles=turned.astype(np.int32))


def _carried(
    head: TrainingHead,
    sources: Int64,
    weights: Floats,
    role: NDArray[np.uint8],
    triangles: Int64,
    number: Int64,
) -> TrainingHead:
    """Build the copy whose vertex i is the blend of the vertices ``sources[i]`` by ``weights[i]``.

    ``number[v]`` is what the vertex v is called in the copy.
    """
    uv = sum(weights[:, k, None] * head.uv[sources[:, k]] for k in range(3))
    points = sum(weights[:, k, None] * head.vertices[sources[:, k]] for k in range(3))
    # Shape by shape: a dense head's shapes in double precision are half a gigabyte.
    shapes = np.stack(
        [
            sum(weights[:, k, None].astype(np.float32) * shape[sources[:, k]] for k in range(3))
            for shape in head.shapes
        ]
    )
    return replace(
        head,
        vertices=np.asarray(points, dtype=np.float32),
        triangles=triangles.astype(np.int32),
        uv=np.where(np.isin(role, CHART_ROLES)[:, None], uv, 0.0).astype(np.float32),
        role=role,
        shapes=shapes.astype(np.float32),
        landmarks={name: int(number[vertex]) for name, vertex in head.landmarks.items()},
    )
