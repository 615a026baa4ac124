"""Deformation transfer (Sumner and Popović 2004): the target's triangles deform as the source's do.

What a triangle of the target does is the mean of what the source's triangles in the same place do. The vertices that
come nearest to that in the least squares, triangles weighing by their area, are found with one factorisation for all
shapes. What no shape moves in the source stays in the target: gradients say nothing about where a surface is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from benchmarks.transfer.correspondence import Pairs, correspond
from benchmarks.transfer.gradients import PinnedSystem, gradient_operator, gradients, stacked
from benchmarks.transfer.surface import Float64, Int64, Surface, aligned

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
    operator = gradient_operator(target.vertices, target.triangles)
    weighted = operator.T @ sparse.diags(np.repeat(target.areas, 3))
    anchors = _anchors(source, shapes, target, pairs)
    system = PinnedSystem(weighted @ operator, anchors)
    moved = np.empty((len(shapes), len(target.vertices), 3))
    for number, shape in enumerate(shapes):
        own = gradients(source.vertices, source.vertices + shape, source.triangles) - np.eye(3)
        wanted = (mean @ own.reshape(-1, 9)).reshape(-1, 3, 3)
        right = weighted @ stacked(turn @ wanted @ turn.T)
        moved[number] = system.solve(right, np.zeros((len(anchors), 3)))[: len(target.vertices)]
    return moved


def _mean_over_pairs(pairs: Pairs, source_count: int, target_count: int) -> sparse.csr_matrix:
    """Return the matrix (T, S) that gives each triangle of the target the mean of its source triangles."""
    share = 1.0 / np.bincount(pairs.target, minlength=target_count)[pairs.target]
    return sparse.csr_matrix((share, (pairs.target, pairs.source)), shape=(target_count, source_count))


def _anchors(source: Surface, shapes: NDArray[np.floating[Any]], target: Surface, pairs: Pairs) -> Int64:
    """Return the target's vertices that stay; at least one for each of its connected pieces."""
    longest = np.linalg.norm(shapes, axis=2).max(axis=0)
    of_triangle = np.full(len(target.triangles), -np.inf)
    np.maximum.at(of_triangle, pairs.target, longest[source.triangles].max(axis=1)[pairs.source])
    of_triangle[np.isneginf(of_triangle)] = np.inf  # without a pair nothing is known
    motion = np.zeros(len(target.vertices))
    np.maximum.at(motion, target.triangles.ravel(), np.repeat(of_triangle, 3))

    following = np.roll(target.triangles, 1, axis=1)
    ones = np.ones(target.triangles.size)
    edges = sparse.csr_matrix((ones, (target.triangles.ravel(), following.ravel())), (len(motion),) * 2)
    _, piece = connected_components(edges, directed=False)
    least = np.full(piece.max() + 1, np.inf)
    np.minimum.at(least, piece, motion)
    return np.flatnonzero(motion <= np.maximum(least[piece], STILL * source.diagonal))
