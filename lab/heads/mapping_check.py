"""How well another head's own shapes agree with ours carried over by the chart: a check of a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.canonical import CanonicalHead, canonical_surface
from mmtalker.mesh.rigid import umeyama
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Transfer:
    """One shape of ours beside the other head's own, over the vertices that either of them moves.

    Attributes:
        correlation: cosine of the two displacement fields.
        mean_mm: mean length of the head's own displacement.
        error_mm: mean length of the difference.
    """

    correlation: float
    mean_mm: float
    error_mm: float


def transfer_errors(
    head: CanonicalHead,
    uv: NDArray[np.floating[Any]],
    rest: Float64,
    shapes: NDArray[np.floating[Any]],
    where: NDArray[np.bool_],
) -> dict[str, Transfer]:
    """Compare shape by shape. Two artists never agree fully, so this is no error of the mapping alone.

    Args:
        head: ours. uv: (V, 2) the other head's places. rest: (V, 3) it at rest, metres.
        shapes: (52, V, 3) its own, metres, ARKit order. where: (V,) vertices to look at.
    """
    surface = canonical_surface()
    triangle, weights = surface.locate(uv[where])
    count = head.chart_count
    fit = umeyama(surface.blend(head.vertices[:count], triangle, weights), rest[where])
    result = {}
    for name in ARKIT_NAMES:
        carried = fit.apply_vectors(surface.blend(head.shapes[ARKIT_INDEX[name], :count], triangle, weights))
        own = shapes[ARKIT_INDEX[name]][where].astype(np.float64)
        lengths = np.linalg.norm(carried, axis=1), np.linalg.norm(own, axis=1)
        moved = np.maximum(*lengths) > 1e-4
        if not moved.any() or lengths[1].max() == 0.0:
            continue
        product = float(np.sum(carried * own)) / float(np.linalg.norm(carried) * np.linalg.norm(own) + 1e-20)
        difference = np.linalg.norm(carried - own, axis=1)
        result[name] = Transfer(product, 1e3 * lengths[1][moved].mean(), 1e3 * difference[moved].mean())
    return result
