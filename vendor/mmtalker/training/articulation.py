"""What phones demand of the mouth, laid over motion that was guessed for speech nobody filmed.

A network that saw one speaker follows other voices in rhythm and opening, but blurs what must be exact.
Where the phones are known, a few demands of articulation are certain in every language: lips meet at [p b m],
the lower lip reaches the upper teeth at [f v], rounded vowels round the lips, open vowels open the jaw. The
values are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.phone_speech import Phone
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

BILABIAL = ("p", "b", "m")
LABIODENTAL = ("f", "v", "ʋ", "ɱ")
ROUNDING = {
    "u": 0.5,
    "w": 0.55,
    "y": 0.5,
    "ʊ": 0.3,
    "o": 0.4,
    "ɔ": 0.3,
    "ø": 0.4,
    "œ": 0.3,
    "ʃ": 0.25,
    "ʒ": 0.25,
}
OPENING = {"a": 0.3, "ɑ": 0.32, "æ": 0.28, "ɒ": 0.28, "ɐ": 0.18, "ɛ": 0.18, "ʌ": 0.2, "ɔ": 0.2, "o": 0.16}

ANTICIPATION = 0.07
"""Seconds before a phone at which the lips start towards it."""

RELEASE = 0.06
"""Seconds after a phone's hold until the lips are free of it."""

HOLD_SHARE = 0.65
"""Part of a stop's time that the lips stay closed; then it bursts."""

SHORTEST_HOLD = 0.05
"""Seconds: less would fall between two frames of a film."""

LABIODENTAL_POSE = {
    "jawOpen": 0.05,
    "mouthRollLower": 0.35,
    "mouthUpperUpLeft": 0.3,
    "mouthUpperUpRight": 0.3,
    "mouthShrugLower": 0.1,
}

TOUCHING_CM = 0.03
"""A lip gap this small, or lips pressed together by as little, is contact."""

BUSY_MOUTH = 0.1
"""Sum of the mouth's activations from which it is at work and not at rest."""

_MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]


def envelope(phone: Phone, times: Float64) -> Float64:
    """Return (T,) in 0..1: how far the mouth has come to a phone's demand."""
    hold = max(HOLD_SHARE * (phone.end - phone.start), SHORTEST_HOLD)
    rise = np.clip((times - phone.start + ANTICIPATION) / ANTICIPATION, 0.0, 1.0)
    fall = np.clip((phone.start + hold + RELEASE - times) / RELEASE, 0.0, 1.0)
    smooth: Float64 = 0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, fall))
    return smooth


def closed_pose(targets: Float32, gap_of: Float32) -> Float32:
    """Return the (52,) mean activation of the filmed speaker where his lips just touch.

    Args:
        targets: (N, 52) filmed activations.
        gap_of: (52,) what each shape adds to the lip gap of the head they drive, cm; at rest the lips touch.
    """
    gap = targets @ gap_of
    busy = targets[:, _MOUTH].sum(axis=1) > BUSY_MOUTH
    touching = targets[busy & (np.abs(gap) < TOUCHING_CM)]
    # Nothing filmed: rest, where the lips touch.
    pose: Float32 = touching.mean(axis=0) if len(touching) else np.zeros(targets.shape[1], dtype=np.float32)
    # What is left of the gap goes to the shape that seals an open jaw.
    left = float(pose @ gap_of) + TOUCHING_CM
    seal = ARKIT_INDEX["mouthClose"]
    pose[seal] = np.clip(pose[seal] - left / min(gap_of[seal], -TOUCHING_CM), 0.0, 1.0)
    return pose


def articulate(curves: Float32, phones: Sequence[Phone], times: Float64, closed: Float32) -> Float32:
    """Lay the demands of ``phones`` over guessed motion.

    Args:
        curves: (T, 52) what the network guesses.
        phones: of the recording.
        times: (T,) seconds of the rows.
        closed: (52,) activations of shut lips.

    Returns:
        (T, 52).
    """
    result = curves.astype(np.float64, copy=True)
    for phone in phones:
        weight = envelope(phone, times)
        for table, channel in ((ROUNDING, "mouthPucker"), (OPENING, "jawOpen")):
            demand = table.get(phone.name[:1], 0.0)
            column = ARKIT_INDEX[channel]
            result[:, column] = np.maximum(result[:, column], demand * weight)
    bite = np.zeros(len(ARKIT_NAMES))
    for name, value in LABIODENTAL_POSE.items():
        bite[ARKIT_INDEX[name]] = value
    # Closures come last: nothing may open what a stop has shut.
    for kind, pose in ((LABIODENTAL, bite), (BILABIAL, closed)):
        weight = np.zeros(len(times))
        for phone in phones:
            if phone.name.startswith(kind):
                weight = np.maximum(weight, envelope(phone, times))
        result[:, _MOUTH] += weight[:, None] * (pose[_MOUTH] - result[:, _MOUTH])
    return np.clip(result, 0.0, 1.0).astype(np.float32)
