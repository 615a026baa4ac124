"""What phones demand of every mouth, whoever speaks: laid over curves that a model has made.

Lips meet at bilabial stops and nasals, the lower lip goes to the upper teeth at labiodentals, other sounds
leave the lips apart, and lips never pass through each other. The lip gap is that of the
canonical head, to which shapes add linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, phone_parts
from mmtalker.errors import MMTalkerError
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

ANTICIPATION = 0.07
"""Seconds before a phone at which the lips start towards it."""

RELEASE = 0.06
"""Seconds after a phone's hold until the lips are free of it."""

STOP_HOLD, NASAL_HOLD = 0.65, 0.9
"""Part of a phone's time that the lips hold; then a stop bursts, while a nasal hums to its end."""

SHORTEST_HOLD = 0.05
"""Seconds: less would fall between two frames of a film."""

SEALED_MM = -0.3
"""Lip gap of shut lips: pressed a little, so that they touch on other heads too."""

APART_MM = 1.2
"""Lip gap that other sounds keep at least."""

CROSSED_MM = -0.5
"""Lip gap below which lips would pass through each other, rather than press."""

JAW_RISE = 0.5
"""Part of the jaw's opening that a closure takes back; the lips do the rest."""

SHORT_PAUSE = 0.25
"""Seconds: in a shorter pause the mouth does not come to rest."""

PREPARE, SETTLE = 0.3, 0.15
"""Seconds that the mouth takes from rest to the first sound, and from the last one to rest."""

OPENERS = ("mouthLowerDown", "mouthUpperUp", "mouthFunnel", "mouthShrugUpper", "mouthSmile", "mouthStretch")
"""Begin the names of channels that part the lips, which closed lips undo."""

BITE = {
    "jawOpen": 0.1,
    "mouthRollLower": 0.7,
    "mouthUpperUpLeft": 0.25,
    "mouthUpperUpRight": 0.25,
    "mouthClose": 0.0,
    "mouthFunnel": 0.0,
    "mouthRollUpper": 0.0,
    "mouthShrugLower": 0.0,
    "mouthLowerDownLeft": 0.0,
    "mouthLowerDownRight": 0.0,
    "mouthPressLeft": 0.0,
    "mouthPressRight": 0.0,
}
"""The lower lip under the upper teeth; of the settings tried on the canonical head, the mildest that goes
half of the way from lip to teeth and leaves the lips 2 mm apart."""

MOUTH = np.array([name.startswith(("jaw", "mouth")) for name in ARKIT_NAMES])
"""(52,) channels that articulation is about."""

_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]


@lru_cache(maxsize=1)
def gap_mm() -> Float64:
    """(52,) what each shape adds to the gap between the middles of the canonical head's lips, mm."""
    head = load_canonical()
    upper, lower = head.lip_pairs[len(head.lip_pairs) // 2]
    gap: Float64 = 1000.0 * (head.shapes[:, upper, 1] - head.shapes[:, lower, 1]).astype(np.float64)
    gap.setflags(write=False)
    return gap


def lay_demands(curves: Float32, phones: Sequence[Phone]) -> Float32:
    """Lay over (T, 52) curves at 50 Hz what phones demand; pauses stay as they are.

    Args:
        curves: how a mouth moves.
        phones: with their times.

    Returns:
        (T, 52) in 0..1.
    """
    shut, bite, speech = phone_demands(phones, np.arange(len(curves)) / FEATURE_RATE)
    result = curves.astype(np.float64)
    _bite(result, bite * (1.0 - shut))
    _part(result, speech * (1.0 - shut))
    _seal(result, shut)
    return np.clip(result, 0.0, 1.0).astype(np.float32)


def _bite(curves: Float64, weight: Float64) -> None:
    for name, value in BITE.items():
        column = curves[:, ARKIT_INDEX[name]]
        column += weight * (value - column)


def _part(curves: Float64, weight: Float64) -> None:
    """Open the jaw where the lips are nearer than sounds allow, or would cross."""
    least = weight * APART_MM + (1.0 - weight) * CROSSED_MM
    missing = np.maximum(least - curves @ gap_mm(), 0.0)
    # What seals the lips gives way first.
    given = np.minimum(missing / -gap_mm()[_CLOSE], curves[:, _CLOSE])
    curves[:, _CLOSE] -= given
    curves[:, _JAW] += (missing + given * gap_mm()[_CLOSE]) / gap_mm()[_JAW]


def _seal(curves: Float64, weight: Float64) -> None:
    """Bring the lips together: upper and lower lip back, the jaw half of the way, mouthClose the rest."""
    before = curves @ gap_mm()
    openers = np.array([name.startswith(OPENERS) for name in ARKIT_NAMES])
    curves[:, openers] *= 1.0 - weight[:, None]
    curves[:, _JAW] *= 1.0 - JAW_RISE * weight
    wanted = (1.0 - weight) * before + weight * SEALED_MM
    wrong = curves @ gap_mm() - wanted
    closing = np.maximum(curves[:, _CLOSE] + wrong / -gap_mm()[_CLOSE], 0.0)
    curves[:, _CLOSE] += (weight > 0.0) * (closing - curves[:, _CLOSE])
    # Without anything to take back, the jaw makes room.
    crossed = np.where(weight > 0.0, wanted - curves @ gap_mm(), 0.0)
    curves[:, _JAW] += np.maximum(crossed, 0.0) / gap_mm()[_JAW]


def phone_demands(phones: Sequence[Phone], times: Float64) -> tuple[Float64, Float64, Float64]:
    """Return (T,) each in 0..1 at ``times`` s: lips shut, lower lip at the teeth, speech and not rest."""
    shut, bite = np.zeros(len(times)), np.zeros(len(times))
    distance = np.full(len(times), np.inf)
    pauses = [p for p in phones if _is(p.name, "silence") and p.end - p.start >= SHORT_PAUSE]
    for phone in phones:
        if phone not in pauses:
            before, after = (phone.start - times) / PREPARE, (times - phone.end) / SETTLE
            distance = np.minimum(distance, np.maximum(np.maximum(before, after), 0.0))
        for part, start, end in _parts(phone):
            if part[INDEX["bilabial"]] > 0.5 and part[INDEX["stop"]] > 0.5:
                hold = NASAL_HOLD if part[INDEX["nasal"]] > 0.5 else STOP_HOLD
                shut = np.maximum(shut, _envelope(start, start + hold * (end - start), times))
            elif part[INDEX["labiodental"]] > 0.5:
                bite = np.maximum(bite, _envelope(start, end, times))
    speech = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance, 0.0, 1.0))
    return shut, bite, speech


def _envelope(start: float, stop: float, times: Float64) -> Float64:
    """Return (T,) in 0..1: how far the mouth has come to what is held from ``start`` to ``stop`` s."""
    stop = max(stop, start + SHORTEST_HOLD)
    rise = (times - start + ANTICIPATION) / ANTICIPATION
    fall = (stop + RELEASE - times) / RELEASE
    smooth: Float64 = 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(rise, fall), 0.0, 1.0))
    return smooth


def _parts(phone: Phone) -> list[tuple[Float32, float, float]]:
    """What a phone's letters say, each in its part of the time; nothing where they cannot be read."""
    try:
        rows = phone_parts(phone.name)
    except MMTalkerError:
        return []
    edges = np.linspace(phone.start, phone.end, len(rows) + 1)
    return [(row, float(a), float(b)) for row, a, b in zip(rows, edges, edges[1:], strict=False)]


def _is(phone: str, feature: str) -> bool:
    try:
        return bool(phone_parts(phone)[0, INDEX[feature]] > 0.5)
    except MMTalkerError:
        return False
