"""Least squares within bounds, for all frames of a clip at once."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Float32

SWEEPS = 12
"""Times that all bounds are gone through; what is passed by then is a hundredth of what was at first."""

SOFTNESS = 0.01
"""How much a bound gives way, relative to the one that answers best: one that cannot be held, since hardly
anything moves there, is not held at any price."""


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
    answers = bounds @ np.linalg.inv(square)
    give = np.einsum("bw,bw->b", answers, bounds)
    softness = SOFTNESS * float(give.max())
    values = targets.copy()
    # What breaks no bound is nearest to itself.
    broken = np.flatnonzero((targets @ bounds.T > limits).any(axis=1))
    held = targets[broken]
    # Column by column in memory: that is how they are used.
    pushes = np.zeros((len(bounds), len(broken)), dtype=np.float32)
    within = np.ascontiguousarray(limits[broken].T)
    for _ in range(sweeps if len(broken) else 0):
        for push, limit, bound, answer, own in zip(pushes, within, bounds, answers, give, strict=True):
            beyond = held @ bound - limit - softness * push
            change = np.maximum(beyond / (own + softness), -push)
            if not change.any():
                continue
            push += change
            held -= change[:, None] * answer
    values[broken] = held
    return values
