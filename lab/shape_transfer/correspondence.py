"""Which triangles of two surfaces are in the same place: one is fitted to the other, then they are paired.

The second half of Sumner and Popović (2004). The fit keeps neighbouring triangles alike and all near to what
they were, has its markers on the target's exactly, and is drawn more and more to the closest points of the
target that face as it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.spatial import cKDTree

from lab.shape_transfer.surface import Float64, Int64, Surface, aligned, closest_points, common_markers
from mmtalker.mesh.gradients import PinnedSystem, gradient_operator, stacked

SMOOTHNESS, IDENTITY = 1.0, 0.001
"""Weights of the terms, as in the paper; lengths are shares of the source's size."""

CLOSENESS = (0.0, 1.0, 17.0, 290.0, 5000.0)
"""Weight of the closest points in each round; the first round has markers alone."""

REACH = 0.05
"""Points further from the target than this share of the size are of what the target lacks: shoulders, say."""

CANDIDATES = 16
"""Nearest triangles among which one has to face the same way."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Triangles in the same place: (P,) of the source, and (P,) of the target."""

    source: Int64
    target: Int64


def correspond(source: Surface, target: Surface) -> Pairs:
    """Fit the source to the target, and pair their triangles."""
    return pair_triangles(source.at(fit_template(source, target)), target)


def pair_triangles(source: Surface, target: Surface) -> Pairs:
    """Pair each triangle of either with the other's triangle of nearest centroid that faces the same way."""
    theirs, own = _nearest_alike(target, source)
    mine, found = _nearest_alike(source, target)
    both = np.unique(np.stack([np.concatenate([own, mine]), np.concatenate([theirs, found])], axis=1), axis=0)
    return Pairs(both[:, 0], both[:, 1])


def _nearest_alike(of: Surface, among: Surface) -> tuple[Int64, Int64]:
    """Return the triangles of one surface for which the other has one, and that one."""
    count = min(CANDIDATES, len(among.triangles))
    _, near = cKDTree(among.centroids).query(of.centroids, k=count)
    near = near.reshape(-1, count)
    alike = np.einsum("nkd,nd->nk", among.face_normals[near], of.face_normals) > 0.0
    found = np.flatnonzero(alike.any(axis=1))
    return found, near[found, np.argmax(alike[found], axis=1)]


def fit_template(source: Surface, target: Surface) -> Float64:
    """Deform the source onto the target; returns its (V, 3) vertices there."""
    rest = source.at(aligned(source, target).apply(source.vertices))
    size = rest.diagonal
    operator = gradient_operator(rest.vertices / size, rest.triangles)
    own, theirs = common_markers(rest, target)
    places = target.vertices[theirs] / size
    count, total = len(rest.vertices), operator.shape[1]

    between = sparse.kron(2.0 * SMOOTHNESS * _face_laplacian(rest.triangles), sparse.eye(3))
    shape = operator.T @ (between + IDENTITY * sparse.eye(operator.shape[0])) @ operator
    keep = operator.T @ (IDENTITY * stacked(np.tile(np.eye(3), (len(rest.triangles), 1, 1))))
    fitted = rest
    for weight in CLOSENESS:
        pull, right = np.zeros(total), keep.copy()
        if weight > 0.0:
            valid, feet = _valid_closest(fitted, target, REACH * size)
            pull[valid] = weight
            right[valid] += weight * feet[valid] / size
        system = PinnedSystem(shape + sparse.diags(pull), own)
        fitted = rest.at(size * system.solve(right, places)[:count])
    return fitted.vertices


def _face_laplacian(triangles: Int64) -> sparse.csr_matrix:
    """Return (T, T): the quadratic form that sums squared differences of neighbouring triangles."""
    count = len(triangles)
    ends = np.sort(np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    _, edge = np.unique(ends, axis=0, return_inverse=True)
    owner = np.tile(np.arange(count), 3)
    beside = sparse.csr_matrix((np.ones(len(edge)), (owner, edge.ravel())))
    adjacency = beside @ beside.T
    adjacency.setdiag(0.0)
    return sparse.diags(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency


def _valid_closest(fitted: Surface, target: Surface, reach: float) -> tuple[Int64, Float64]:
    """Return which vertices have a closest point that counts, and the (V, 3) closest points of all."""
    triangle, weights, distance = closest_points(fitted.vertices, fitted.normals, target)
    feet = np.einsum("nk,nkd->nd", weights, target.vertices[target.triangles[triangle]])
    facing = np.einsum("nd,nd->n", target.face_normals[triangle], fitted.normals) > 0.0
    return np.flatnonzero(facing & (distance < reach)), feet
