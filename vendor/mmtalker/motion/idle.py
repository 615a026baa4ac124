"""Idle motion of brows and lids that speech does not explain: small, seeded, with a filmed face's statistics.

A model of the mean is stiller than people are, since much of what brows do cannot be heard. What is missing
is drawn: an autoregression of second order for each of a few movements, as strong as what a filmed speaker's
speech left unexplained, and of another strength where nobody speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from mmtalker.motion.phrases import Phrases

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

MOVEMENTS: dict[str, dict[str, float]] = {
    "inner brows": {"browInnerUp": 1.0, "browDownLeft": -1.0, "browDownRight": -1.0},
    "frown, one side": {"browDownLeft": 0.5, "browDownRight": -0.5},
    "outer brows": {"browOuterUpLeft": 1.0, "browOuterUpRight": 1.0},
    "outer brows, one side": {"browOuterUpLeft": 0.5, "browOuterUpRight": -0.5},
    "lids": {"eyeWideLeft": 1.0, "eyeWideRight": 1.0, "eyeSquintLeft": -1.0, "eyeSquintRight": -1.0},
}
"""What moves together, and which channels show it: those with a minus show its falling below rest."""

CHANGE_SECONDS = 0.6
"""Over which the face goes from the liveliness of speech to that of a pause."""

RUN_IN = 10.0
"""Time constants that pass before the first frame, so that it is as lively as any other."""


@dataclass(frozen=True)
class IdleMotionStyle:
    """How a person's upper face moves beside what speech tells. The values are those of GRID's speaker s1,
    as measured by `python -m lab upper-face-fit`.

    Attributes:
        seconds: time constant of the motion.
        speaking, pausing: deviation of each of ``MOVEMENTS``, activations.
        correlation: between them, row by row.
    """

    seconds: float = 0.112
    speaking: tuple[float, ...] = (0.0644, 0.0271, 0.0092, 0.0167, 0.0281)
    pausing: tuple[float, ...] = (0.0658, 0.0267, 0.0129, 0.0151, 0.0618)
    correlation: tuple[tuple[float, ...], ...] = (
        (1.0, 0.15, 0.56, -0.33, 0.16),
        (0.15, 1.0, -0.02, -0.25, -0.1),
        (0.56, -0.02, 1.0, -0.17, 0.06),
        (-0.33, -0.25, -0.17, 1.0, 0.02),
        (0.16, -0.1, 0.06, 0.02, 1.0),
    )


def movements_of(curves: NDArray[np.floating[Any]], names: tuple[str, ...]) -> Float64:
    """Return the (T, M) movements that (T, K) curves show: the mean over the channels of each one's sign."""
    shown = np.zeros((len(curves), len(MOVEMENTS)))
    for column, channels in enumerate(MOVEMENTS.values()):
        for sign in (1.0, -1.0):
            alike = [names.index(name) for name, weight in channels.items() if weight * sign > 0.0]
            if alike:
                shown[:, column] += sign * curves[:, alike].mean(axis=1)
    return shown


def draw_idle_motion(
    frames: int,
    rate: float,
    phrases: Phrases,
    rng: np.random.Generator,
    style: IdleMotionStyle = IdleMotionStyle(),
) -> Float64:
    """Draw (frames, M) movements at ``rate`` Hz; the same state of ``rng`` gives the same ones."""
    root = np.linalg.cholesky(np.array(style.correlation) + 1e-6 * np.eye(len(MOVEMENTS)))
    before = int(np.ceil(RUN_IN * style.seconds * rate))
    noise = rng.standard_normal((before + frames, len(MOVEMENTS))) @ root.T
    pole = np.exp(-1.0 / (style.seconds * rate))
    # A double pole: the motion is continuous in speed. Its variance is (1 + p^2) / (1 - p^2)^3.
    moving = lfilter([1.0], [1.0, -2.0 * pole, pole**2], noise, axis=0)[before:]
    moving *= np.sqrt((1.0 - pole**2) ** 3 / (1.0 + pole**2))
    speech = spoken(frames, rate, phrases)[:, None]
    strength = speech * np.array(style.speaking) + (1.0 - speech) * np.array(style.pausing)
    idle_motion: Float64 = moving * strength
    return idle_motion


def spoken(frames: int, rate: float, phrases: Phrases) -> Float64:
    """Return (frames,) 1 in phrases and 0 elsewhere, the change drawn out over ``CHANGE_SECONDS``."""
    inside = np.zeros(frames)
    for start, end in phrases:
        inside[int(np.ceil(start * rate)) : int(np.ceil(end * rate))] = 1.0
    smooth: Float64 = uniform_filter1d(inside, max(1, round(CHANGE_SECONDS * rate)), mode="nearest")
    return smooth


def add_idle_motion(curves: Float32, names: tuple[str, ...], idle_motion: Float64) -> Float32:
    """Add (T, M) movements to (T, K) curves: what rises is added to the channels that raise, and so on.

    A channel below 0 is cut off there; its opposite shows the rest.
    """
    result = curves.copy()
    for column, channels in enumerate(MOVEMENTS.values()):
        for name, weight in channels.items():
            result[:, names.index(name)] += weight * idle_motion[:, column]
    return np.clip(result, 0.0, 1.0, out=result)
