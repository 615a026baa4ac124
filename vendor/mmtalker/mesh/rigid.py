"""Rotations and similarities that fit one set of points to another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Similarity

Float64 = NDArray[np.float64]


def kabsch(source: Float64, target: Float64) -> tuple[Float64, Float64]:
    """Return the proper rotation (3, 3) and shift (3,) with ``target ~ source @ rotation.T + shift``.

    Kabsch (1976); (N, 3) points, least squares.
    """
    fit = umeyama(source, target, with_scale=False)
    return fit.rotation, fit.translation


def umeyama(
    source: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    weights: NDArray[np.floating[Any]] | None = None,
    with_scale: bool = True,
) -> Similarity:
    """Return the similarity that takes (N, 3) ``source`` to ``target`` with the least weighted squares.

    Umeyama (1991); the rotation is always proper, so a mirrored target gives a large residual.
    """
    a, b = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    weight = np.full(len(a), 1.0 / len(a)) if weights is None else np.asarray(weights, dtype=np.float64)
    weight = weight / weight.sum()
    mean_a, mean_b = weight @ a, weight @ b
    centred_a, centred_b = a - mean_a, b - mean_b
    left, singular, right = np.linalg.svd((centred_b * weight[:, None]).T @ centred_a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    rotation = (left * sign) @ right
    scale = 1.0
    if with_scale:
        spread = float(weight @ np.sum(centred_a**2, axis=1))
        scale = float(singular @ sign) / spread if spread > 0.0 else 1.0
    return Similarity(scale, rotation, mean_b - scale * rotation @ mean_a)


def robust_similarity(source: Float64, target: Float64) -> tuple[Similarity, float]:
    """Return the similarity that most of (N, 3) points agree with, and the residual of the better half.

    The residual is a root mean square in the target's unit.
    """
    weight = np.ones(len(source))
    fit = Similarity.identity()
    error = np.zeros(len(source))
    for _ in range(20):
        fit = umeyama(source, target, weight)
        error = np.linalg.norm(fit.apply(source) - target, axis=1)
        # Geman and McClure's weights: smooth, so that rounding of the input changes little.
        weight = (1.0 + (error / max(float(np.median(error)), 1e-9)) ** 2) ** -2.0
    better = np.sort(error)[: (len(error) + 1) // 2]
    return fit, float(np.sqrt(np.mean(better**2)))


def rotation_about(axis: Float64, radians: float) -> Float64:
    """Return the rotation matrix (3, 3) about a unit axis by the right-hand rule (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn: Float64 = np.eye(3) + np.sin(radians) * cross + (1.0 - np.cos(radians)) * cross @ cross
    return turn


def sphere_centre(points: Float64) -> Float64:
    """Return the centre (3,) of the sphere nearest to (N, 3) points: linear least squares."""
    mean = points.mean(axis=0)
    local = points - mean
    system = np.concatenate([2.0 * local, np.ones((len(local), 1))], axis=1)
    solution = np.linalg.lstsq(system, np.sum(local**2, axis=1), rcond=None)[0]
    centre: Float64 = mean + solution[:3]
    return centre
