"""The detail modes: waves along the mouth in which both lips go towards each other, or away."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.contact.canonical_lips import REACH, half_width, lip_distances
from mmtalker.contact.fade import falling
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Float32, Float64

WAVES = 7
"""Places along the mouth at which lips are moved."""

DETAIL_NAMES: tuple[str, ...] = tuple(f"mmt_detail_{number + 1:02d}" for number in range(2 * WAVES))
"""First the modes that bring lips together, from the right corner to the left; then those that part them."""

MIRRORED_DETAILS: tuple[str, ...] = (*DETAIL_NAMES[:WAVES][::-1], *DETAIL_NAMES[WAVES:][::-1])
"""What each mode is in a mirror."""

SPREAD = 0.84
"""Place of the outermost wave, as a share of half the mouth's width."""

TRAVEL = 0.010
"""Metres by which a mode at 1 brings lips together, half of it each lip."""

PLATEAU, END = 0.005, 0.015
"""Metres from a lip's edge up to which skin goes along fully, and from which on it rests."""

CORNER = 0.88
"""Share of half the mouth's width from which on modes fade, to nothing in the corner."""


def detail_modes(uv: NDArray[np.floating[Any]]) -> Float32:
    """Return (2 * WAVES, N, 3) displacements in canonical metres of skin at (N, 2) places in the chart."""
    head, surface = load_canonical(), canonical_surface()
    triangle, weights = surface.locate(uv)
    near = np.minimum(lip_distances(), REACH).T
    upper, lower = surface.blend(near, triangle, weights).T
    across = surface.blend(head.vertices[: head.chart_count, 0], triangle, weights) / half_width()
    side = np.where(upper < lower, -1.0, 1.0)
    fade = falling(np.minimum(upper, lower), PLATEAU, END) * falling(np.abs(across), CORNER, 1.0)
    modes = np.zeros((2 * WAVES, len(across), 3), dtype=np.float32)
    modes[:WAVES, :, 1] = 0.5 * TRAVEL * side * fade * waves(across)
    modes[WAVES:] = -modes[:WAVES]
    return modes


def waves(across: Float64) -> Float64:
    """Return the (WAVES, N) share of each wave at (N,) places along the mouth, -1 at its right corner.

    They add up to 1 from the first one's top to the last one's.
    """
    step = 2.0 * SPREAD / (WAVES - 1)
    away = np.abs(across - np.linspace(-SPREAD, SPREAD, WAVES)[:, None]) / step
    away[0, across < -SPREAD] = away[-1, across > SPREAD] = 0.0
    share: Float64 = np.cos(0.5 * np.pi * np.minimum(away, 1.0)) ** 2
    return share
