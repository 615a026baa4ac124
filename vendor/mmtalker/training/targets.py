"""What is done to a clip's motion before the network learns it: rest in silence, and the mirrored face."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]

SILENCE_RAMP = 0.2
"""Seconds from speech within which the mouth is still free to prepare and to settle."""

_MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]


def mirror_order() -> NDArray[np.int64]:
    """Return the (52,) channel order that swaps left and right."""
    swapped = [
        name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in ARKIT_NAMES
    ]
    return np.array([ARKIT_INDEX[name] for name in swapped])


def rest_in_silence(
    curves: Float32, spans: Iterable[tuple[float, float, str]], times: NDArray[np.float64]
) -> Float32:
    """Lead the mouth channels of (T, 52) curves to rest where no word or phone sounds."""
    rested = curves.copy()
    rested[:, _MOUTH] *= speech_presence(spans, times)[:, None].astype(np.float32)
    return rested


def speech_presence(
    spans: Iterable[tuple[float, float, str]], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (T,) 1 in speech, 0 in silence, with a cosine ramp of ``SILENCE_RAMP`` between.

    Args:
        spans: (start s, end s, word or phone), pauses being ``sil``.
        times: (T,) seconds.
    """
    distance = np.full(len(times), np.inf)
    for start, end, name in spans:
        if name != "sil":
            distance = np.minimum(distance, np.maximum(np.maximum(start - times, times - end), 0.0))
    presence: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / SILENCE_RAMP, 0.0, 1.0))
    return presence
