"""Fitting one surface onto another without folding it: closest points, held together by its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mesh.normals import vertex_normals

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Target:
    """The surface to fit to, as points.

    Attributes:
        points: (N, 3).
        normals: (N, 3) unit normals.
        labels: (N,) bits; a vertex meets the points that share a bit with it. They keep, say, the lips apart.
    """

    points: Float64
    normals: Floats
    labels: Int64

    @staticmethod
    def of(vertices: Float64, triangles: Int64, labels: Int64) -> Target:
        """Return a mesh's own vertices."""
        return Target(vertices, vertex_normals(vertices, triangles), labels)


@dataclass(frozen=True)
class Guides:
    """Where vertices are thought to lie, more or less surely.

    Attributes:
        positions: (V, 3).
        weight: (V,) 0 where nothing is known.
    """

    positions: Float64
    weight: Float64


@dataclass(frozen=True)
class Stage:
    """One level of stiffness.

    Attributes:
        data, pins, guides: weigh against the edges' wish to stay as they are.
        reach: how far away the target may be.
        rounds: of finding the nearest points and solving.
    """

    data: float
    pins: float
    reach: float
    rounds: int
    guides: float = 0.0


AT_A_TIME = 8192
"""Points whose candidates are measured together."""

STAGES = (
    Stage(data=0.0, pins=0.3, reach=0.0, rounds=6),
    Stage(data=0.01, pins=1.0, reach=0.03, rounds=10),
    Stage(data=0.05, pins=3.0, reach=0.015, rounds=10),
    Stage(data=0.2, pins=10.0, reach=0.010, rounds=10),
    Stage(data=1.0, pins=30.0, reach=0.008, rounds=10),
)


def fit_surface(
    source: Float64,
    triangles: Int64,
    labels: Int64,
    trust: Float64,
    target: Target,
    pins: tuple[Int64, Float64],
    stages: tuple[Stage, ...] = STAGES,
    guides: Guides | None = None,
) -> Float64:
    """Deform (V, 3) ``source`` onto ``target``.

    As-rigid-as-possible edges (Sorkine and Alexa 2007), whose rest shape follows along between
    stages so that proportions may change, with point-to-plane closest points of the same label
    that face the same way.

    Args:
        source: (V, 3), already brought near the target by a similarity.
        triangles: (T, 3) of the source.
        labels: (V,) bits as in ``target``.
        trust: (V,) factor on the closest-point weight.
        target: surface to reach.
        pins: indices (P,) and positions (P, 3) that must be met.
        stages: from stiff to soft.
        guides: places that pull as much as each stage says.

    Returns:
        (V, 3) fitted positions.
    """
    weights = _edge_weights(source, triangles)
    laplacian = (sparse.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights).tocsc()
    edges = weights.tocoo()
    count = len(edges.row)
    # Sums over every vertex' edges, as a product: adding at places one by one takes ten times as long.
    gather = sparse.csr_matrix((np.ones(count), (edges.row, np.arange(count))), (len(source), count))
    trees = {}
    for label in np.unique(labels):
        members = np.flatnonzero(target.labels & label)
        if len(members):
            trees[int(label)] = members, cKDTree(target.points[members])
    pinned, positions = pins
    fitted = source.copy()
    for stage in stages:
        rest = fitted.copy()
        for _ in range(stage.rounds):
            pull = np.zeros(len(fitted))
            goal = fitted.copy()
            if stage.data > 0.0:
                own = vertex_normals(fitted, triangles)
                found, valid = _closest(fitted, own, labels, trees, target, stage.reach)
                goal[valid] = found[valid]
                pull = np.where(valid, stage.data * trust, 0.0)
            if guides is not None and stage.guides > 0.0:
                extra = stage.guides * guides.weight
                both = np.maximum(pull + extra, 1e-12)
                share = (extra / both)[:, None]
                goal, pull = (1.0 - share) * goal + share * guides.positions, pull + extra
            pull[pinned], goal[pinned] = stage.pins, positions
            rotations = _local_rotations(rest, fitted, edges, gather)
            between = 0.5 * (rotations[edges.row] + rotations[edges.col])
            turned = np.einsum("eij,ej->ei", between, rest[edges.row] - rest[edges.col])
            right = gather @ (edges.data[:, None] * turned)
            solver = linalg.splu(
                (laplacian + sparse.diags(pull + 1e-9)).tocsc(),
                permc_spec="MMD_AT_PLUS_A",
                options={"SymmetricMode": True},
            )
            fitted = solver.solve(right + (pull + 1e-9)[:, None] * goal)
    return fitted


def _edge_weights(vertices: Float64, triangles: Int64) -> sparse.csr_matrix:
    """Cotangent weights, kept positive."""
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = (triangles[:, (corner + step) % 3] for step in range(3))
        a, b = vertices[i] - vertices[k], vertices[j] - vertices[k]
        sine = np.linalg.norm(np.cross(a, b), axis=1)
        half = 0.5 * np.clip(np.sum(a * b, axis=1) / (sine + 1e-20), 0.02, 5.0)
        rows += [i, j]
        columns += [j, i]
        values += [half, half]
    count = len(vertices)
    return sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    )


def _local_rotations(
    rest: Float64, now: Float64, edges: sparse.coo_matrix, gather: sparse.csr_matrix
) -> Float64:
    """(V, 3, 3) rotation of every vertex' star."""
    before, after = rest[edges.row] - rest[edges.col], now[edges.row] - now[edges.col]
    products = edges.data[:, None, None] * after[:, :, None] * before[:, None, :]
    covariance = (gather @ products.reshape(-1, 9)).reshape(-1, 3, 3)
    left, _, right = np.linalg.svd(covariance)
    flip = np.linalg.det(left @ right) < 0.0
    left[flip, :, 2] *= -1.0
    rotations: Float64 = left @ right
    return rotations


def _closest(
    points: Float64,
    own: NDArray[np.floating[Any]],
    labels: Int64,
    trees: dict[int, tuple[Int64, cKDTree]],
    target: Target,
    reach: float,
) -> tuple[Float64, NDArray[np.bool_]]:
    """Feet (V, 3) on the planes of the nearest like-facing points of the same label, and which exist."""
    vertices, normals = target.points, target.normals
    feet, valid = points.copy(), np.zeros(len(points), dtype=bool)
    for label, (members, tree) in trees.items():
        here = np.flatnonzero(labels == label)
        if not len(here):
            continue
        distance, index = tree.query(points[here], k=6)
        candidates = members[index]
        facing = np.einsum("nkc,nc->nk", normals[candidates], own[here])
        score = np.where(facing > 0.4, distance, np.inf)
        best = np.argmin(score, axis=1)
        rows = np.arange(len(here))
        chosen = candidates[rows, best]
        offset = np.sum((points[here] - vertices[chosen]) * normals[chosen], axis=1)
        feet[here] = points[here] - offset[:, None] * normals[chosen]
        valid[here] = score[rows, best] < reach
    return feet, valid


def closest_on_triangles(
    points: Float64,
    normals: NDArray[np.floating[Any]],
    vertices: Float64,
    triangles: Int64,
    neighbours: int = 24,
) -> tuple[Int64, Float64, Float64]:
    """Closest points on triangles that face like the points do.

    Args:
        points, normals: (N, 3). vertices: (V, 3). triangles: (T, 3).
        neighbours: candidate triangles per point, by nearest centroid.

    Returns:
        (N,) triangle, (N, 3) barycentric weights and (N,) distance.
    """
    corners = vertices[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face = face / (np.linalg.norm(face, axis=1, keepdims=True) + 1e-20)
    _, nearest = cKDTree(corners.mean(axis=1)).query(points, k=min(neighbours, len(triangles)))
    triangle = np.empty(len(points), dtype=np.int64)
    weight, away = np.empty((len(points), 3)), np.empty(len(points))
    # By and by, since each point's candidates take kilobytes.
    for start in range(0, len(points), AT_A_TIME):
        here = slice(start, start + AT_A_TIME)
        candidates = nearest[here].reshape(-1, min(neighbours, len(triangles)))
        weights = _closest_weights(points[here, None], corners[candidates])
        feet = np.einsum("nkc,nkcd->nkd", weights, corners[candidates])
        distance = np.linalg.norm(feet - points[here, None], axis=2)
        facing = np.einsum("nkd,nd->nk", face[candidates], normals[here])
        score = distance + np.where(facing < 0.0, 0.02, 0.0)
        best = np.argmin(score, axis=1)
        rows = np.arange(len(best))
        triangle[here], weight[here] = candidates[rows, best], weights[rows, best]
        away[here] = distance[rows, best]
    return triangle, weight, away


def _closest_weights(points: Float64, corners: Float64) -> Float64:
    """Barycentric weights (..., 3) of the closest point on a triangle: inside, else on the best edge."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    det = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / det, (d00 * d21 - d01 * d20) / det
    inner = np.stack([1.0 - v - w, v, w], axis=-1)
    options, distances = [], []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, along = corners[..., first, :], corners[..., second, :] - corners[..., first, :]
        reach = np.maximum((along * along).sum(-1), 1e-30)
        time = np.clip(((points - start) * along).sum(-1) / reach, 0.0, 1.0)
        weight = np.zeros(inner.shape)
        weight[..., first], weight[..., second] = 1.0 - time, time
        options.append(weight)
        distances.append(np.linalg.norm(start + time[..., None] * along - points, axis=-1))
    best = np.argmin(np.stack(distances), axis=0)
    edge = np.take_along_axis(np.stack(options), best[None, ..., None], axis=0)[0]
    return np.where((inner >= 0.0).all(axis=-1, keepdims=True), inner, edge)
