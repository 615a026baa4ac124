"""From fitted video frames to the 50 Hz activations that the network learns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mmtalker.data.grid import GRID_FPS, GridClip
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]

SMOOTHING_FRAMES = 0.6
"""Standard deviation of the filter that takes out the tracker's pixel noise, video frames."""

SILENCE_RAMP = 0.2
"""Seconds from speech within which the mouth is still free to prepare and to settle."""

_MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]
_BROWS = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith("brow")]
_BLINKS = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]


def mirror_order() -> NDArray[np.int64]:
    """Return the (52,) channel order that swaps left and right."""
    swapped = [
        name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in ARKIT_NAMES
    ]
    return np.array([ARKIT_INDEX[name] for name in swapped])


def clip_targets(activations: Float32, clip: GridClip, times: NDArray[np.float64]) -> Float32:
    """Sample one clip's activations at ``times`` seconds of its recording.

    Lost frames are bridged, pixel noise is smoothed away, brows count from the clip's own resting
    height, blinks are left out (they are events, added later), and the mouth is led to rest
    where the transcript says silence: an animator expects a closed mouth there, although
    people breathe and wet their lips.

    Returns:
        (len(times), 52).
    """
    rows = activations[clip.rows].astype(np.float64)
    frame_times = np.arange(len(rows)) / GRID_FPS
    known = np.isfinite(rows).all(axis=1)
    if not known.any():
        return np.zeros((len(times), len(ARKIT_NAMES)), dtype=np.float32)
    filled = np.stack(
        [np.interp(frame_times, frame_times[known], column[known]) for column in rows.T], axis=1
    )
    smooth = gaussian_filter1d(filled, SMOOTHING_FRAMES, axis=0)
    smooth[:, _BLINKS] = 0.0
    smooth[:, _BROWS] = np.maximum(smooth[:, _BROWS] - np.median(smooth[:, _BROWS], axis=0), 0.0)
    target = np.stack([np.interp(times, frame_times, column) for column in smooth.T], axis=1)
    return rest_in_silence(target.astype(np.float32), clip.words, times)


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
