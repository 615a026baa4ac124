"""The canonical head's two lips: how far every point of its skin is from each, along the skin."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mmtalker.mapping.lips import geodesic
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Float64

REACH = 0.03
"""Metres up to which distances are known; beyond they are infinite."""


@lru_cache(maxsize=1)
def lip_distances() -> Float64:
    """Return (2, C) metres along the canonical skin to the edge of the upper and of the lower lip."""
    head = load_canonical()
    skin = head.vertices[: head.chart_count].astype(np.float64)
    triangles = head.chart_triangles.astype(np.int64)
    distances = np.stack([geodesic(skin, triangles, np.unique(row), REACH) for row in head.lip_pairs.T])
    distances.setflags(write=False)
    return distances


@lru_cache(maxsize=1)
def half_width() -> float:
    """Return half the width of the canonical mouth, metres."""
    head = load_canonical()
    return float(0.5 * np.ptp(head.vertices[head.lip_pairs, 0]))
