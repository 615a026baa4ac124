"""From a fitted skin to every vertex' (u, v): closest points outside, harmonic in pockets, no folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from mmtalker.mapping.chart_places import below_chart
from mmtalker.mapping.fit import FittedSkin
from mmtalker.mapping.lips import BOTH, LOWER, UPPER
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.normals import vertex_normals

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOUCHING = 0.004
"""Metres within which a vertex lies on the fitted skin; beyond, it is in a pocket or none of the face."""

FAR = 0.025
"""Metres beyond which a vertex that hangs on nothing else is not skin of the head: a collar, a body."""

NEIGHBOURS = 10

HOLDS = (2.0, 1.0, 0.5, 0.5)
"""How strongly a vertex is held to its closest point while folds are smoothed out, round by round."""


@dataclass(frozen=True)
class ChartPlaces:
    """Where the head's skin lies in the chart.

    Attributes:
        uv: (V, 2), 0 where ``on_chart`` is false.
        on_chart: (V,) what has a place.
        surface: (V,) what lies on the fitted skin itself, and not in a pocket or above it.
        distance: (V,) metres to the fitted skin, mouth open.
        flipped: how many triangles are turned over in the chart.
    """

    uv: Float64
    on_chart: Bools
    surface: Bools
    distance: Float64
    flipped: int


def find_places(triangles: Int64, skin: FittedSkin) -> ChartPlaces:
    """Give every vertex of a head's skin its place.

    Args:
        triangles: (T, 3) of its skin.
        skin: the canonical skin fitted to it.
    """
    count = len(skin.head_posed)
    used = np.unique(triangles)
    uv, distance = np.zeros((count, 2)), np.full(count, np.inf)
    matched, inside, low = (np.zeros(count, dtype=bool) for _ in range(3))
    template = skin.template
    normals = vertex_normals(skin.head_posed, triangles)
    facing = vertex_normals(skin.posed, template.triangles)
    for bit in (BOTH, UPPER, LOWER):
        here = used[skin.bits[used] == bit]
        if not len(here):
            continue
        corner_bits = np.bitwise_and.reduce(template.lips[template.triangles], axis=1)
        allowed = template.triangles if bit == BOTH else template.triangles[(corner_bits & bit) > 0]
        found, weights, away = closest_on_triangles(
            skin.head_posed[here], normals[here], skin.posed, allowed, NEIGHBOURS
        )
        chosen = allowed[found]
        uv[here] = np.einsum("nk,nkd->nd", weights, template.uv[chosen])
        distance[here] = away
        foot, normal = (np.einsum("nk,nkd->nd", weights, part[chosen]) for part in (skin.posed, facing))
        alike = (normals[here] * normal).sum(axis=1) > 0.0
        matched[here] = (away < TOUCHING) & alike & template.rim[chosen].all(axis=1)
        behind = ((skin.head_posed[here] - foot) * normal).sum(axis=1) < 0.0
        inside[here] = behind | ~alike | ~template.outside[chosen].all(axis=1)
        low[here] = template.low[chosen].any(axis=1)
    beyond = np.zeros(count, dtype=bool)
    beyond[used] = below_chart(uv[used])
    beyond |= low & ~matched
    # What stands off the skin, such as hair, goes along with what is below it and is no pocket.
    above = ~matched & ~beyond & ~inside
    uv = _fill_pockets(uv, triangles, matched | above, beyond)
    on_chart = np.zeros(count, dtype=bool)
    on_chart[used] = ~(beyond[used] & (distance[used] > TOUCHING)) & (distance[used] < FAR * 4.0)
    on_chart &= ~np.isnan(uv[:, 0]) & ~(above & (distance > FAR))
    uv = np.where(on_chart[:, None], uv, 0.0)
    surface = on_chart & ~beyond & matched
    uv = _unfolded(uv, triangles[surface[triangles].all(axis=1)])
    laid = triangles[(on_chart & ~beyond & ~above)[triangles].all(axis=1)]
    return ChartPlaces(uv, on_chart, surface, distance, int((signed_areas(uv, laid) <= 0.0).sum()))


def _unfolded(uv: Float64, triangles: Int64) -> Float64:
    """Smooth places around triangles that are turned over, more each round, and no farther than they must.

    Every vertex is held to where its closest point was, so that a fold that cannot be undone, as between
    layers of hair, spoils nothing around it.
    """
    adjacency = _adjacency(triangles, len(uv))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    laid, patch = uv.copy(), np.zeros(len(uv), dtype=bool)
    for hold in HOLDS:
        bad = signed_areas(laid, triangles) <= 0.0
        if not bad.any():
            break
        touched = np.zeros(len(uv))
        touched[triangles[bad]] = 1.0
        patch |= (touched + adjacency @ touched) > 0.0
        inner, outer = np.flatnonzero(patch), np.flatnonzero(~patch & (degree > 0.0))
        held = hold * degree[inner]
        system = sparse.diags(degree[inner] + held) - adjacency[inner][:, inner]
        right = adjacency[inner][:, outer] @ laid[outer] + held[:, None] * uv[inner]
        laid[inner] = splu(system.tocsc()).solve(right)
    return laid


def _adjacency(triangles: Int64, count: int) -> sparse.csr_matrix:
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    adjacency = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    adjacency.data[:] = 1.0
    return adjacency


def _fill_pockets(uv: Float64, triangles: Int64, matched: Bools, beyond: Bools) -> Float64:
    """Let the insides of mouth, nose, ears and eye sockets hang on their rims like a soap film.

    NaN where a piece hangs on nothing.
    """
    count = len(uv)
    adjacency = _adjacency(triangles, count)
    used = np.zeros(count, dtype=bool)
    used[triangles] = True
    free = used & ~matched & ~beyond
    fixed = used & ~free
    touching = free & (adjacency @ fixed.astype(float) > 0.0)
    inner = np.flatnonzero(free)
    if not len(inner):
        return uv
    _, piece = connected_components(adjacency[inner][:, inner], directed=False)
    hangs = np.zeros(piece.max() + 1, dtype=bool)
    hangs[piece[touching[inner]]] = True
    uv = uv.copy()
    uv[inner[~hangs[piece]]] = np.nan
    inner = inner[hangs[piece]]
    if not len(inner):
        return uv
    outer = np.flatnonzero(fixed)
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    system = (sparse.diags(degree[inner]) - adjacency[inner][:, inner]).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    uv[inner] = solver.solve(adjacency[inner][:, outer] @ uv[outer])
    return uv
