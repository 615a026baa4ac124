"""Curves on their way into an Action: which are still, what range they need, how keys are packed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

SLIDER_LIMIT = 10.0
"""Blender keeps a shape key's slider_min and slider_max within -10..10."""

DETAIL_PREFIX = "mmt_detail_"
"""How the names of the backend's detail modes begin."""


def still_channels(curves: Float32, tolerance: float = 1e-4) -> NDArray[np.bool_]:
    """Return for each of the K channels of (frames, K) whether it moves by no more than ``tolerance``."""
    if len(curves) == 0:
        return np.ones(curves.shape[1], dtype=np.bool_)
    return np.asarray(np.ptp(curves, axis=0) <= tolerance)


def clamp_curves(curves: Float32, low: float = -SLIDER_LIMIT, high: float = SLIDER_LIMIT) -> Float32:
    """Return a copy with values held to ``low..high``; by default what a shape key can have at all."""
    return np.clip(curves, np.float32(low), np.float32(high))


def rest_details(curves: Mapping[str, Float32], own: Collection[str]) -> dict[str, Float32]:
    """Return the curves with the detail modes at rest where the artist's own shapes move jaw or mouth.

    Detail modes bring lips together that our shapes leave apart, and would be wrong on other shapes.

    Args:
        curves: shape key to its (frames,) values.
        own: shape keys that are the artist's.
    """
    if not any(name.startswith(("jaw", "mouth")) for name in own):
        return dict(curves)
    return {
        name: np.zeros_like(values) if name.startswith(DETAIL_PREFIX) else values
        for name, values in curves.items()
    }


def slider_range(values: Float32) -> tuple[float, float]:
    """Return (slider_min, slider_max) that let the values pass: 0..1, widened in tenths where left."""
    if len(values) == 0:
        return 0.0, 1.0
    # Blender holds the limits as float32; a tenth outwards leaves no value cut by rounding.
    low, high = float(np.min(values)), float(np.max(values))
    slider_min = 0.0 if low >= 0.0 else math.floor(low * 10.0 - 1e-3) / 10.0
    slider_max = 1.0 if high <= 1.0 else math.ceil(high * 10.0 + 1e-3) / 10.0
    return max(slider_min, -SLIDER_LIMIT), min(slider_max, SLIDER_LIMIT)


def pack_keys(values: Float32, first_frame: float) -> Float32:
    """Return (2 * frames,) float32 of frame, value, frame, value, as ``foreach_set("co", ...)`` takes it.

    Args:
        values: (frames,) of one channel, one key a frame.
        first_frame: scene frame of the first.
    """
    packed = np.empty((len(values), 2), dtype=np.float32)
    packed[:, 0] = np.arange(len(values), dtype=np.float64) + first_frame
    packed[:, 1] = values
    return packed.reshape(-1)
