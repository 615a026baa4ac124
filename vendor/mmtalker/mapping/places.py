"""From a fitted skin to every vertex' (u, v): closest points outside, harmonic in pockets, no folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from mmtalker.mapping.chart_places import below_chart
from mmtalker.mapping.fit import FittedSkin
from mmtalker.mapping.lips import BOTH, LOWER, UPPER
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.edges import adjacency_of
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.soap_film import soap_film
from mmtalker.mesh.untangle import untangle

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOUCHING = 0.004
"""Metres within which a vertex lies on the fitted skin; beyond, it is in a pocket or none of the face."""

FAR = 0.025
"""Metres beyond which a vertex that hangs on nothing else is not skin of the head: a collar, a body."""

NEIGHBOURS = 10


@dataclass(frozen=True)
class ChartPlaces:
    """Where the head's skin lies in the chart.

    Attributes:
        uv: (V, 2), 0 where ``on_chart`` is false.
        on_chart: (V,) what has a place.
        distance: (V,) metres to the fitted skin, mouth open.
        flipped: how many triangles are turned over in the chart.
    """

    uv: Float64
    on_chart: Bools
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
    corner_bits = np.bitwise_and.reduce(template.lips[template.triangles], axis=1)
    for bit in (BOTH, UPPER, LOWER):
        here = used[skin.bits[used] == bit]
        if not len(here):
            continue
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
    squeezed = np.zeros(count, dtype=bool)
    squeezed[used] = below_chart(uv[used])
    laid = triangles[(on_chart & ~squeezed)[triangles].all(axis=1)]
    uv, folded = untangle(uv, skin.head_posed, laid)
    return ChartPlaces(uv, on_chart, distance, len(folded))


def _fill_pockets(uv: Float64, triangles: Int64, matched: Bools, beyond: Bools) -> Float64:
    """Let the insides of mouth, nose, ears and eye sockets hang on their rims like a soap film.

    NaN where a piece hangs on nothing.
    """
    count = len(uv)
    adjacency = adjacency_of(triangles, count)
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
    hanging = np.zeros(count, dtype=bool)
    hanging[inner] = True
    return soap_film(uv, adjacency, hanging)
