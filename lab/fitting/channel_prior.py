"""How strongly people use each ARKit channel when they speak: what a fit falls back on where film is mute.

A frontal contour cannot tell a jaw that drops from lips that part, nor a chin that rises from a lip that
rolls in. The prior says what is probable: deviations and correlations with jawOpen, measured on 25,313 frames
of one actor's face captured by a phone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtalker.motion.arkit import ARKIT_NAMES

Float64 = NDArray[np.float64]

PHONE: dict[str, tuple[float, float]] = {
    "jawOpen": (0.07, 1.0),
    "mouthLowerDown": (0.20, 0.44),
    "mouthUpperUp": (0.11, 0.27),
    "mouthFunnel": (0.10, 0.76),
    "mouthClose": (0.04, 0.72),
    "mouthPucker": (0.03, 0.38),
    "mouthStretch": (0.06, 0.50),
    "mouthRollLower": (0.09, -0.62),
    "mouthRollUpper": (0.01, 0.65),
    "mouthShrugLower": (0.10, -0.56),
    "mouthShrugUpper": (0.07, -0.45),
    "mouthPress": (0.01, -0.36),
    "mouthSmile": (0.25, 0.0),
}
"""Deviation of a channel and its correlation with jawOpen; a channel with two sides has them on each."""

SELDOM = 0.03
"""Deviation of mouth channels that are not in :data:`PHONE`."""

SIDEWAYS = 0.01
"""Deviation of channels that move the whole mouth or jaw to one side."""

RAISED = {"mouthRollLower": 0.09, "mouthShrugLower": 0.10, "mouthShrugUpper": 0.07, "mouthPress": 0.01}
"""Means of the channels that fall as the jaw opens, in the same recordings."""

SWING = {"mouthRollLower": 1.5, "mouthShrugLower": 2.5, "mouthShrugUpper": 3.0, "mouthPress": 1.5}
"""How much more they are expected to move than in those: what falls below zero is lost, and the film pulls
against it."""

STRENGTH = {
    "mouthFunnel": 1.6, "mouthPucker": 0.7, "mouthSmile": 2.5, "mouthStretch": 0.75, "mouthUpperUp": 0.9,
    "mouthRollUpper": 1.5, "mouthShrugUpper": 0.6,
}  # fmt: skip
"""Factors on the prior's deviations, so that those of the fit come out as the phone's: a film of the front
shows some channels better than others."""

AT_CLOSURE = {"mouthRollLower": 0.3, "mouthShrugLower": 0.25, "mouthPress": 0.06}
"""Expected at p b m."""

AT_TEETH = {
    "mouthRollLower": 0.7, "mouthUpperUp": 0.2, "mouthShrugLower": 0.0, "mouthPress": 0.0,
    "mouthLowerDown": 0.0,
}  # fmt: skip
"""Expected at f v: the lower lip under the upper teeth."""

SIDES = ("Left", "Right")


def channel(name: str) -> str:
    """Return what both sides of a channel are called: ``mouthSmile`` for ``mouthSmileLeft``."""
    if name in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        return name
    return name.removesuffix("Left").removesuffix("Right")


def prior_precision(names: Sequence[str]) -> Float64:
    """Return the (K, K) inverse covariance of the activations of ``names``.

    One factor, jawOpen, and what each channel does beside it: for channels i and j of correlations r with
    jawOpen the covariance is d_i d_j (r_i r_j + [i = j] (1 - r_i^2)). What two sides do together counts once.

    Args:
        names: channels of mouth and jaw.
    """
    both = [channel(name) for name in names]
    deviation, correlation = np.empty(len(names)), np.zeros(len(names))
    for column, name in enumerate(both):
        sideways = name.endswith(SIDES)
        deviation[column], correlation[column] = PHONE.get(name, (SIDEWAYS if sideways else SELDOM, 0.0))
        deviation[column] *= STRENGTH.get(name, 1.0)
        if both.count(name) == 2:
            deviation[column] *= np.sqrt(2.0)
            correlation[column] /= np.sqrt(2.0)
    covariance = np.outer(correlation, correlation) + np.diag(1.0 - correlation**2)
    precision: Float64 = np.linalg.inv(covariance * np.outer(deviation, deviation))
    return precision


def expected_activations(jaw: Float64, speech: Float64, shut: Float64, bite: Float64) -> Float64:
    """Return the (T, 52) mean of the prior: what the lips do beside the jaw and at sounds that need them.

    A face at rest has every channel at zero, so channels that fall as the jaw opens can do so only from where
    speech has raised them.

    Args:
        jaw: (T,) jawOpen of a first fit.
        speech: (T,) 1 while somebody speaks.
        shut: (T,) 1 where lips are together, at p b m.
        bite: (T,) 1 where the lower lip is at the upper teeth, at f v.
    """
    expected = np.zeros((len(jaw), len(ARKIT_NAMES)))
    deviation = max(float(jaw.std()), 1e-6)
    for name, at_rest in RAISED.items():
        spread, correlation = PHONE[name]
        fall = SWING[name] * correlation * spread * (jaw - jaw.mean()) / deviation
        value = speech * np.maximum(at_rest + fall, 0.0)
        value = np.maximum(value, shut * AT_CLOSURE.get(name, 0.0))
        for column in _columns(name):
            expected[:, column] = value
    for name, amount in AT_TEETH.items():
        for column in _columns(name):
            expected[:, column] += bite * (amount - expected[:, column])
    return expected


def _columns(name: str) -> list[int]:
    return [column for column, own in enumerate(ARKIT_NAMES) if channel(own) == name]


def deviations(activations: Float64, names: Sequence[str]) -> dict[str, float]:
    """Return each channel's deviation in (T, K) curves, the mean of both sides."""
    found: dict[str, list[float]] = {}
    for name, column in zip(names, activations.T, strict=True):
        found.setdefault(channel(name), []).append(float(column.std()))
    return {name: float(np.mean(values)) for name, values in found.items()}
