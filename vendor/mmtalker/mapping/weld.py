"""Which vertices of a mesh are one point of its surface: seams are closed, touching lips stay apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mapping.edge_pairing import joined, pair_surfaces_at_edges
from mmtalker.mesh.mesh import Float64

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

SLIT_EDGES = 4
"""From how many edges on a cut with both ends inside the surface is an opening."""


def coincident(points: Float64, tolerance: float) -> Int64:
    """(V,) number of the place of each vertex: equal positions first, then those within the tolerance."""
    # Adding zero makes -0.0 and 0.0 alike.
    order = np.lexsort(points.T + 0.0)
    ordered = points[order]
    fresh = np.append(False, (ordered[1:] != ordered[:-1]).any(axis=1))
    exact = np.empty(len(points), dtype=np.int64)
    exact[order] = np.cumsum(fresh)
    distinct = ordered[np.append(True, fresh[1:])]
    near = cKDTree(distinct).query_pairs(tolerance, output_type="ndarray")
    return joined(len(distinct), near[:, 0], near[:, 1])[exact] if len(near) else exact


def seams(points: Float64, place: Int64, triangles: Int64) -> Int64:
    """Pairs (P, 2) of vertices that are the same point on two sides of a seam.

    Only open edges are joined, those that one triangle alone uses; places where a closed surface touches
    itself never are. Two open edges make a seam if both their ends coincide and their triangles do not lie on
    each other. Where more than two coincide, as in a soup of triangles whose lips touch,
    :func:`mmtalker.mapping.edge_pairing.pair_surfaces_at_edges` chooses.

    A chain of seam edges that ends on both sides inside a surface with other borders is an opening, such
    as a closed mouth without anything behind it, and stays open.

    Args:
        points: (V, 3). place: (V,) from ``coincident``. triangles: (T, 3) of positive area.
    """
    tail = triangles.ravel()
    head = np.roll(triangles, -1, axis=1).ravel()
    corner = _used_once(tail, head, len(points))
    low, high = np.sort(place[np.stack([tail[corner], head[corner]])], axis=0)
    key = low * len(points) + high
    order = np.argsort(key, kind="stable")
    corner, key = corner[order], key[order]
    one, other = pair_surfaces_at_edges(points, place, triangles, corner, key)
    ends = np.stack([place[tail[one]], place[head[one]]], axis=1)
    shut = ~_is_slit(place, triangles, tail[corner], ends)
    one, other, ends = one[shut], other[shut], ends[shut]
    forth = place[tail[other]] == ends[:, 0]
    first = np.where(forth, tail[other], head[other])
    second = np.where(forth, head[other], tail[other])
    pairs = np.stack([np.append(tail[one], head[one]), np.append(first, second)], axis=1)
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def _used_once(tail: Int64, head: Int64, count: int) -> Int64:
    """Numbers of the half-edges whose edge is no other's, whichever way that goes."""
    key = np.minimum(tail, head) * count + np.maximum(tail, head)
    order = np.argsort(key, kind="stable")
    differs = np.append(True, key[order][1:] != key[order][:-1])[: len(key)]
    return np.sort(order[differs & np.append(differs[1:], True)[: len(key)]])


def _is_slit(place: Int64, triangles: Int64, open_ends: Int64, ends: Int64) -> Bool:
    """(S,) whether a seam edge belongs to an opening whose rims touch.

    Args:
        open_ends: vertices at which open edges begin. ends: (S, 2) places of seam edges.
    """
    if not len(ends):
        return np.zeros(0, dtype=np.bool_)
    count = int(place.max()) + 1
    chain = joined(count, ends[:, 0], ends[:, 1])
    degree = np.bincount(ends.ravel(), minlength=count)
    used = np.unique(triangles)
    copies = np.bincount(place[used], minlength=count)
    on_seam = degree > 0
    plain = np.where(degree == 1, copies == 1, (degree == 2) & (copies == 2))
    chains = int(chain.max()) + 1
    spoilt = np.bincount(chain[on_seam & ~plain], minlength=chains) > 0
    tips = np.bincount(chain[degree == 1], minlength=chains)
    edges = np.bincount(chain[ends[:, 0]], minlength=chains)
    # A closed surface cut once, such as an eyeball on its chart, has no other border.
    skin = joined(len(place), triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel())
    borders = np.zeros(int(skin.max()) + 1, dtype=np.int64)
    pieces = np.unique(np.stack([skin[open_ends], chain[place[open_ends]]], axis=1), axis=0)
    np.add.at(borders, pieces[:, 0], 1)
    alone = np.zeros(chains, dtype=np.bool_)
    alone[pieces[borders[pieces[:, 0]] == 1, 1]] = True
    slit = ~spoilt & (tips == 2) & (edges >= SLIT_EDGES) & ~alone
    return np.asarray(slit[chain[ends[:, 0]]])
