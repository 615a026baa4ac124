"""Flattening a disc of triangles without flips: a mean-value start, then SLIM on a weighted rest shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from numpy.typing import NDArray

from mmtalker.mesh.edges import edges_of

Float64 = NDArray[np.float64]
Index = NDArray[np.integer[Any]]


def boundary_loop(triangles: Index) -> NDArray[np.int64]:
    """Return the vertices of the one boundary loop, in the triangles' own turning sense.

    Raises:
        ValueError: if the surface has no boundary or more than one loop.
    """
    edges = edges_of(triangles)
    keys = {(int(a), int(b)) for a, b in edges}
    following = {a: b for a, b in keys if (b, a) not in keys}
    if not following:
        raise ValueError("the surface is closed: it has no boundary to lay out")
    start = min(following)
    loop = [start]
    while following[loop[-1]] != start:
        loop.append(following[loop[-1]])
    if len(loop) != len(following):
        raise ValueError(f"the surface has {len(following) - len(loop)} boundary edges beside one loop")
    return np.array(loop)


def signed_areas(uv: Float64, triangles: Index) -> Float64:
    """Return the (T,) signed areas of triangles in the plane; positive turns left."""
    a, b = uv[triangles[:, 1]] - uv[triangles[:, 0]], uv[triangles[:, 2]] - uv[triangles[:, 0]]
    areas: Float64 = 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    return areas


def mean_value_layout(vertices: Float64, triangles: Index, angles: Float64 | None = None) -> Float64:
    """Lay the surface out in the unit disc with its boundary on the circle; never flips.

    Mean-value coordinates (Floater 2003) are positive weights, so Tutte's theorem holds.

    Args:
        vertices: (V, 3). triangles: (T, 3), one disc that uses every vertex.
        angles: (V,) radians at which boundary vertices lie, growing along the boundary; by length if absent.

    Returns:
        (V, 2).
    """
    count = len(vertices)
    loop = boundary_loop(triangles)
    rows, columns, weights = [], [], []
    for corner in range(3):
        i, j, k = (triangles[:, (corner + step) % 3] for step in range(3))
        to_j, to_k = vertices[j] - vertices[i], vertices[k] - vertices[i]
        length_j, length_k = np.linalg.norm(to_j, axis=1), np.linalg.norm(to_k, axis=1)
        cosine = np.sum(to_j * to_k, axis=1) / (length_j * length_k)
        half_tangent = np.tan(0.5 * np.arccos(np.clip(cosine, -1.0, 1.0)))
        for end, length in ((j, length_j), (k, length_k)):
            rows.append(i)
            columns.append(end)
            weights.append(half_tangent / length)
    matrix = sparse.csr_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    )
    matrix = sparse.diags(1.0 / np.asarray(matrix.sum(axis=1)).ravel()) @ matrix
    edge = np.linalg.norm(vertices[np.roll(loop, -1)] - vertices[loop], axis=1)
    angle = 2.0 * np.pi * np.concatenate([[0.0], np.cumsum(edge)[:-1]]) / edge.sum()
    if angles is not None:
        angle = angles[loop]
    uv = np.zeros((count, 2))
    uv[loop] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inner = np.setdiff1d(np.arange(count), loop)
    system = (sparse.identity(count) - matrix).tocsc()
    uv[inner] = linalg.spsolve(system[inner][:, inner], -(system[inner][:, loop] @ uv[loop]))
    return uv


def slim(vertices: Float64, triangles: Index, uv: Float64, scale: Float64, iterations: int = 120) -> Float64:
    """Minimise the symmetric Dirichlet energy against the scaled rest triangles, keeping every sign.

    Scalable Locally Injective Mappings (Rabinovich, Poranne, Panozzo, Sorkine-Hornung 2017): a
    reweighted least-squares step, then a line search that stops before the first flip.

    Args:
        vertices: (V, 3) rest positions.
        triangles: (T, 3).
        uv: (V, 2) start without flips.
        scale: (T,) how much larger each triangle should be in the plane than at rest.
        iterations: upper limit; it stops early once the energy falls by less than 1e-5 of itself.

    Returns:
        (V, 2) layout with free boundary.
    """
    rest = vertices[triangles] * scale[:, None, None]
    along = rest[:, 1] - rest[:, 0]
    base = np.linalg.norm(along, axis=1)
    other = rest[:, 2] - rest[:, 0]
    foot = np.sum(along * other, axis=1) / base
    height = np.linalg.norm(np.cross(along, other), axis=1) / base
    area = 0.5 * base * height
    area = area / area.sum()

    # Gradients of the three hat functions of a triangle (0,0), (base,0), (foot,height).
    gradient_x = np.stack([-1.0 / base, 1.0 / base, np.zeros_like(base)], axis=1)
    gradient_y = np.stack([(foot / base - 1.0) / height, -foot / (base * height), 1.0 / height], axis=1)
    count = len(vertices)
    row = np.repeat(np.arange(len(triangles)), 3)
    d_x = sparse.csr_matrix((gradient_x.ravel(), (row, triangles.ravel())), (len(triangles), count))
    d_y = sparse.csr_matrix((gradient_y.ravel(), (row, triangles.ravel())), (len(triangles), count))

    def jacobians(layout: Float64) -> Float64:
        return np.stack([d_x @ layout, d_y @ layout], axis=2)

    def energy(layout: Float64) -> float:
        jacobian = jacobians(layout)
        determinant = np.linalg.det(jacobian)
        if determinant.min() <= 0.0:
            return float("inf")
        squares = np.sum(jacobian**2, axis=(1, 2))
        return float(np.sum(area * squares * (1.0 + determinant**-2)))

    uv = uv * np.sqrt(np.abs(base * height).sum() * 0.5 / np.abs(signed_areas(uv, triangles)).sum())
    current = energy(uv)
    for _ in range(iterations):
        left, stretch, right = np.linalg.svd(jacobians(uv))
        rotation = left @ right
        off = np.abs(stretch - 1.0) > 1e-6
        ratio = np.where(off, (stretch - stretch**-3.0) / np.where(off, stretch - 1.0, 1.0), 4.0)
        weight = left @ (np.sqrt(ratio)[:, :, None] * np.swapaxes(left, 1, 2))
        root = np.sqrt(area)
        blocks = []
        for i in range(2):
            w_u, w_v = sparse.diags(root * weight[:, i, 0]), sparse.diags(root * weight[:, i, 1])
            blocks.append([w_u @ d_x, w_v @ d_x])
            blocks.append([w_u @ d_y, w_v @ d_y])
        matrix = sparse.bmat(blocks, format="csc")
        target = np.concatenate(
            [
                root * np.einsum("tk,tk->t", weight[:, i], rotation[:, :, axis])
                for i in range(2)
                for axis in range(2)
            ]
        )
        proximal = 1e-6 * matrix.power(2).sum() / (2 * count)
        normal = matrix.T @ matrix + proximal * sparse.identity(2 * count)
        known = np.concatenate([uv[:, 0], uv[:, 1]])
        solved = linalg.spsolve(normal.tocsc(), matrix.T @ target + proximal * known)
        step = np.stack([solved[:count], solved[count:]], axis=1) - uv
        length = min(1.0, 0.8 * _first_flip(uv, step, triangles))
        before = current
        while length > 1e-12:
            trial = uv + length * step
            current = energy(trial)
            if current < before:
                uv = trial
                break
            length *= 0.5
        else:
            return uv
        if before - current < 1e-5 * before:
            break
    return uv


def _first_flip(uv: Float64, step: Float64, triangles: Index) -> float:
    """Return the smallest positive time at which a triangle of ``uv + time * step`` loses its area."""
    a, b = uv[triangles[:, 1]] - uv[triangles[:, 0]], uv[triangles[:, 2]] - uv[triangles[:, 0]]
    c, d = step[triangles[:, 1]] - step[triangles[:, 0]], step[triangles[:, 2]] - step[triangles[:, 0]]

    def cross(p: Float64, q: Float64) -> Float64:
        product: Float64 = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
        return product

    constant, linear, quadratic = cross(a, b), cross(a, d) + cross(c, b), cross(c, d)
    root = np.sqrt(np.maximum(linear**2 - 4.0 * quadratic * constant, 0.0))
    real = linear**2 - 4.0 * quadratic * constant >= 0.0
    # The stable form of both roots: q / quadratic and constant / q.
    q = -0.5 * (linear + np.where(linear >= 0.0, root, -root))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.concatenate([q / quadratic, constant / q])
    times = times[np.concatenate([real, real]) & np.isfinite(times) & (times > 0.0)]
    return float(times.min()) if len(times) else float("inf")
