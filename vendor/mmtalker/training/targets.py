"""What is done to a clip's motion before the network learns it: silence, blinks, and the mirrored face."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]

SILENCE_RAMP = 0.2
"""Seconds from speech within which the mouth is still free to prepare and to settle."""

BLINK_RISE = 0.15
"""A lid that is closed by so much more than it mostly is, is blinking."""

BLINK_MARGIN = 0.06
"""Seconds about a blink in which the lid is still on its way."""

_LIDS = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]

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


def without_blinks(curves: Float32, times: NDArray[np.float64]) -> Float32:
    """Lead the lids of (T, 52) curves straight over every blink.

    Nothing that is heard tells a blink, and a network that learned them would lower the lids a little
    wherever one is likely. Blinks are drawn afterwards.
    """
    opened = curves.copy()
    frames = max(1, round(BLINK_MARGIN / (times[1] - times[0]))) if len(times) > 1 else 1
    for lid in _LIDS:
        blinking = curves[:, lid] > np.median(curves[:, lid]) + BLINK_RISE
        open_ = ~binary_dilation(blinking, iterations=frames)
        if open_.any():
            opened[:, lid] = np.interp(times, times[open_], curves[open_, lid])
    return opened


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
