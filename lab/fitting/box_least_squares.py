"""Activations between 0 and 1 that explain displacements: least squares in a box, smooth over time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

BEND_NORM = 4.0
"""Largest eigenvalue of the sum of squared bends, a zigzag's."""

PART_FRAMES = 1000
"""Frames solved at once, at the least."""


def box_least_squares(
    matrix: Float64,
    target: Float64,
    cost: Float64,
    smoothness: float,
    follows: NDArray[np.bool_],
    iterations: int,
    towards: Float64 | None = None,
) -> Float64:
    """Minimise |a matrix^T - target|^2 + a cost a - 2 towards a + smoothness |bend a|^2 over 0 <= a <= 1.

    The bend of a frame is its difference from the mean of its two neighbours. Accelerated projected gradient
    (Beck and Teboulle 2009, FISTA), all frames at once.

    Args:
        matrix: (R, K) what each channel does to each of the R measurements.
        target: (N, R) measurements.
        cost: (K, K) of activations, symmetric and not negative.
        smoothness: weight of the bends.
        follows: (N,) whether a frame follows the one before it without a cut.
        iterations: steps.
        towards: (N, K); a part of the cost times the activations that it expects. None for zero.

    Returns:
        (N, K).
    """
    gram = matrix.T @ matrix + cost
    step = 1.0 / (float(np.linalg.eigvalsh(gram)[-1]) + BEND_NORM * smoothness)
    pull = target @ matrix if towards is None else target @ matrix + towards
    solution = np.empty_like(pull)
    for part in _parts(follows):
        solution[part] = _solve(gram, pull[part], smoothness, follows[part], step, iterations)
    return solution


def _parts(follows: NDArray[np.bool_]) -> Iterator[slice]:
    """Cut the frames where nothing is lost by it, into parts that stay in the processor's cache."""
    start = 0
    for cut in [*np.flatnonzero(~follows[1:]) + 1, len(follows)]:
        if cut - start >= PART_FRAMES or cut == len(follows):
            yield slice(start, int(cut))
            start = int(cut)


def _solve(
    gram: Float64,
    pull: Float64,
    smoothness: float,
    follows: NDArray[np.bool_],
    step: float,
    iterations: int,
) -> Float64:
    inner = np.flatnonzero(follows[1:-1] & follows[2:]) + 1
    current = np.zeros_like(pull)
    ahead, momentum = current, 1.0
    for _ in range(iterations):
        gradient = ahead @ gram - pull
        if smoothness > 0.0 and len(inner):
            gradient += smoothness * _bend_gradient(ahead, inner)
        following = np.clip(ahead - step * gradient, 0.0, 1.0)
        next_momentum = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = following + (momentum - 1.0) / next_momentum * (following - current)
        current, momentum = following, next_momentum
    return current


def _bend_gradient(curves: Float64, inner: NDArray[np.int64]) -> Float64:
    """Half the gradient of the squared bends at the frames ``inner`` that have both neighbours."""
    bend = curves[inner] - 0.5 * (curves[inner - 1] + curves[inner + 1])
    gradient = np.zeros_like(curves)
    gradient[inner] += bend
    gradient[inner - 1] -= 0.5 * bend
    gradient[inner + 1] -= 0.5 * bend
    return gradient
