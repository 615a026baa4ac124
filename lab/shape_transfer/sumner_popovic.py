"""Deformation transfer (Sumner and Popović 2004): the target's triangles deform as the source's do.

What a triangle of the target does is the mean of what the source's triangles in the same place do. The
vertices are those that come nearest to it by least squares, triangles weighing by their area. What a shape
leaves still in the source stays in the target: gradients say nothing about where a surface is, and with one
vertex held, as in the paper, faces drift.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from lab.shape_transfer.correspondence import Pairs, correspond
from lab.shape_transfer.surface import Float64, Int64, Surface, aligned
from mmtalker.mesh.gradients import PinnedSystem, gradients, stacked, tangent_operator

STILL = 1e-4
"""What moves less than this share of the head's size, 0.04 mm, counts as still."""


def deformation_transfer(
    source: Surface,
    shapes: NDArray[np.floating[Any]],
    target: Surface,
    pairs: Pairs | None = None,
) -> Float64:
    """Deform the target's triangles as the source's.

    Args:
        source, target: surfaces with markers in common.
        shapes: (K, V, 3) displacements of the source.
        pairs: which triangles are in the same place; None to find out.

    Returns:
        (K, W, 3) displacements of the target, in its space.
    """
    pairs = correspond(source, target) if pairs is None else pairs
    turn = aligned(source, target).rotation
    mean = _mean_over_pairs(pairs, len(source.triangles), len(target.triangles))
    operator = tangent_operator(target.vertices, target.triangles)
    weighted = operator.T @ sparse.diags(np.repeat(target.areas, 3))
    matrix = (weighted @ operator).tocsr()
    piece = _pieces(target)
    moved = np.empty((len(shapes), len(target.vertices), 3))
    for number, shape in enumerate(shapes):
        own = gradients(source.vertices, source.vertices + shape, source.triangles) - np.eye(3)
        wanted = (mean @ own.reshape(-1, 9)).reshape(-1, 3, 3)
        right = weighted @ stacked(turn @ wanted @ turn.T)
        still = _still(source, shape, target, pairs, piece)
        moved[number] = PinnedSystem(matrix, still).solve(right, np.zeros((len(still), 3)))
    return moved


def _mean_over_pairs(pairs: Pairs, source_count: int, target_count: int) -> sparse.csr_matrix:
    """Return the matrix (T, S) that gives each triangle of the target the mean of its source triangles."""
    share = 1.0 / np.bincount(pairs.target, minlength=target_count)[pairs.target]
    return sparse.csr_matrix((share, (pairs.target, pairs.source)), shape=(target_count, source_count))


def _pieces(surface: Surface) -> NDArray[np.int32]:
    """Return (V,) number of the connected piece of each vertex."""
    start, stop = surface.triangles.ravel(), np.roll(surface.triangles, 1, axis=1).ravel()
    edges = sparse.csr_matrix((np.ones(len(start)), (start, stop)), (len(surface.vertices),) * 2)
    piece: NDArray[np.int32] = connected_components(edges, directed=False)[1]
    return piece


def _still(
    source: Surface,
    shape: NDArray[np.floating[Any]],
    target: Surface,
    pairs: Pairs,
    piece: NDArray[np.int32],
) -> Int64:
    """Return the target's vertices that stay; of a piece that moves as a whole, those that move least."""
    length = np.linalg.norm(shape, axis=1)[source.triangles].max(axis=1)
    of_triangle = np.zeros(len(target.triangles))
    np.maximum.at(of_triangle, pairs.target, length[pairs.source])
    unknown = np.ones(len(target.triangles), dtype=np.bool_)
    unknown[pairs.target] = False
    of_triangle[unknown] = np.inf
    motion = np.zeros(len(target.vertices))
    np.maximum.at(motion, target.triangles.ravel(), np.repeat(of_triangle, 3))
    least = np.full(int(piece.max()) + 1, np.inf)
    np.minimum.at(least, piece, motion)
    return np.flatnonzero(motion <= np.maximum(least[piece], STILL * source.diagonal))
