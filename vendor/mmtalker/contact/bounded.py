"""Least squares within bounds, for all frames of a clip at once."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Float32

SWEEPS = 12
"""Times that all bounds are gone through; what is passed by then is a hundredth of what was at first."""

SOFTNESS = 0.01
"""How much a bound gives way, relative to the one that answers best: one that cannot be held, since hardly
anything moves there, is not held at any price."""

SETTLED = 1e-4
"""Largest change of any value in a turn after which there is no other one."""


def nearest_within(
    targets: Float32, square: Float32, bounds: Float32, limits: Float32, sweeps: int = SWEEPS
) -> Float32:
    """Return the (T, W) values x nearest to ``targets`` with bounds @ x at most ``limits``.

    Near is a small (x - target)' square (x - target). Bounds are held by Hildreth's method ("A quadratic
    programming procedure", 1957): each in turn pushes just as hard as it has to and never pulls, over and
    over again.

    Args:
        targets: (T, W) what would be best without bounds.
        square: (W, W) positive definite.
        bounds: (B, W) what is bounded. limits: (T, B) how large it may be.
        sweeps: turns through all bounds.
    """
    answers: Float32 = bounds @ np.linalg.inv(square)
    # How far each bound goes back by a push on another one.
    effects: Float32 = answers @ bounds.T
    give = np.diagonal(effects)
    softness = SOFTNESS * float(give.max())
    beyond = targets @ bounds.T - limits
    # What breaks no bound is nearest to itself.
    broken = np.flatnonzero((beyond > 0.0).any(axis=1))
    values = targets.copy()
    if len(broken):
        pushes = _pushes(np.ascontiguousarray(beyond[broken].T), effects, give, softness, answers, sweeps)
        values[broken] -= pushes.T @ answers
    return values


def _pushes(
    beyond: Float32, effects: Float32, give: Float32, softness: float, answers: Float32, sweeps: int
) -> Float32:
    """(B, N) how hard bounds push, whose values are (B, N) ``beyond`` their limits without."""
    pushes = np.zeros_like(beyond)
    used = np.zeros(len(beyond), dtype=bool)
    largest = np.abs(answers).max(axis=1)
    for _ in range(sweeps):
        change = 0.0
        for bound, (over, push) in enumerate(zip(beyond, pushes, strict=True)):
            if not used[bound] and over.max() <= 0.0:
                continue
            used[bound] = True
            more = np.maximum((over - softness * push) / (give[bound] + softness), -push)
            push += more
            beyond -= effects[bound, :, None] * more
            change = max(change, float(largest[bound] * np.abs(more).max()))
        if change < SETTLED:
            break
    return pushes
