"""Mending what the source's shapes do badly: lips that open to a point, lids that close too far."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from mmtalker.mesh.edges import edges_of
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

POINTED = ("jawOpen", "mouthFunnel", "mouthClose")
"""Shapes that pull the middle of a lip to a point; mouthClose is in, since it has to undo jawOpen."""

LID_OVERLAP = 3e-4
LIP_OVERLAP = 2e-4
"""Metres by which closed lids and lips pass each other, so that nothing shines through."""

FADE = 0.006
"""Metres from an edge over which its correction fades."""


def soften_lips(
    shapes: NDArray[np.floating[Any]],
    skin: Float64,
    triangles: NDArray[np.integer[Any]],
    lips: NDArray[np.bool_],
    rounds: int = 4,
) -> Float64:
    """Smooth the pointed shapes along the lips, never across them.

    Args:
        shapes: (52, C, 3). skin: (C, 3). triangles: (T, 3). lips: (C,) mask.
        rounds: half-steps towards the mean of the neighbours to the left and right.

    Returns:
        (52, C, 3) new array.
    """
    count = len(skin)
    edges = edges_of(triangles)
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    along = skin[edges[:, 0]] - skin[edges[:, 1]]
    sideways = (np.abs(along[:, 0]) / np.linalg.norm(along, axis=1)) ** 4 + 1e-6
    matrix = sparse.csr_matrix((sideways, (edges[:, 0], edges[:, 1])), (count, count))
    mean = sparse.diags(1.0 / np.asarray(matrix.sum(axis=1)).ravel()) @ matrix
    strength = lips.astype(np.float64)
    for _ in range(3):
        strength = np.maximum(strength, 0.7 * (mean @ strength))
    softened = np.array(shapes, dtype=np.float64)
    for name in POINTED:
        move = softened[ARKIT_INDEX[name]]
        for _ in range(rounds):
            move = move + 0.5 * strength[:, None] * (mean @ move - move)
        softened[ARKIT_INDEX[name]] = move
    return softened


def seal_lips(skin: Float64, lip_pairs: Int64) -> Float64:
    """Close the slit that the source leaves between the lips at rest; returns moved (C, 3)."""
    gap = skin[lip_pairs[:, 0], 1] - skin[lip_pairs[:, 1], 1]
    return skin + _towards(skin, lip_pairs, np.maximum(gap + LIP_OVERLAP, 0.0), upper_share=0.5)


def close_lids(
    vertices: NDArray[np.floating[Any]],
    shapes: NDArray[np.floating[Any]],
    lid_pairs: NDArray[np.integer[Any]],
) -> None:
    """Change eyeBlinkLeft and eyeBlinkRight in place so that full strength just closes this person's eyes.

    First the whole shape is scaled, then the upper lid's margin is brought onto the lower one's.

    Args:
        vertices: (V, 3) at rest. shapes: (52, V, 3).
        lid_pairs: (P, 2) upper and lower vertices of both lid margins.
    """
    rest = np.asarray(vertices, dtype=np.float64)
    for name, sign in (("eyeBlinkLeft", 1.0), ("eyeBlinkRight", -1.0)):
        move = shapes[ARKIT_INDEX[name]]
        pairs = lid_pairs[rest[lid_pairs[:, 0], 0] * sign > 0.0]
        gap = rest[pairs[:, 0], 1] - rest[pairs[:, 1], 1]
        closing = move[pairs[:, 1], 1] - move[pairs[:, 0], 1]
        # The corners hardly open, so only the middle says how far the lid has to go.
        middle = gap > 0.6 * gap.max()
        move *= float((gap[middle] + LID_OVERLAP).sum() / closing[middle].sum())
        closed = rest + move
        left_over = closed[pairs[:, 0], 1] - closed[pairs[:, 1], 1] + LID_OVERLAP
        near = np.flatnonzero(np.linalg.norm(rest - rest[pairs].mean(axis=(0, 1)), axis=1) < 0.03)
        local = np.searchsorted(near, pairs)
        move[near] += _towards(rest[near], local, left_over, upper_share=1.0)


def _towards(points: Float64, pairs: NDArray[np.integer[Any]], gap: Float64, upper_share: float) -> Float64:
    """Vertical displacement (V, 3) that takes ``gap`` metres (P,) out of each pair, fading away from it.

    Args:
        points: (V, 3). pairs: (P, 2) upper and lower vertex.
        upper_share: how much of the way the upper side goes; the lower one goes the rest.
    """
    move = np.zeros_like(points)
    away = [np.linalg.norm(points[:, None] - points[pairs[:, k]][None], axis=2) for k in range(2)]
    upper_side = away[0].min(axis=1) <= away[1].min(axis=1)
    for distance, own, signed in (
        (away[0], upper_side, -upper_share),
        (away[1], ~upper_side, 1.0 - upper_share),
    ):
        nearest = np.argsort(distance, axis=1)[:, :2]
        weight = 1.0 / (np.take_along_axis(distance, nearest, axis=1) + 1e-6)
        local = np.sum(weight * gap[nearest], axis=1) / weight.sum(axis=1)
        fade = np.exp(-((distance.min(axis=1) / FADE) ** 2))
        move[:, 1] += np.where(own, signed * fade * local, 0.0)
    return move
