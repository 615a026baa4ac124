"""The head that shapes come from: its skin over the chart, and what of its shapes is worth carrying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Float32, Float64
from mmtalker.mesh.smoothing import smooth_along_skin
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.heads import HeadSurface

DETAIL_METRES = 0.003
"""Detail below this length is of the source's own lips and lids; nor are places on a strange head surer."""


@dataclass(frozen=True, eq=False)
class ShapedSkin:
    """A skin that has shapes, in canonical space.

    Attributes:
        vertices: (C, 3) at rest, metres.
        shapes: (K, C, 3) displacements, metres.
        chart: finds its triangles by chart place.
    """

    vertices: Float64
    shapes: Float32
    chart: CanonicalSurface

    @staticmethod
    def build(
        vertices: NDArray[np.floating[Any]],
        triangles: NDArray[np.int32],
        uv: Float32,
        shapes: Float32,
        detail: float = DETAIL_METRES,
    ) -> ShapedSkin:
        """Prepare a skin whose vertices all have a place in the chart.

        Args:
            vertices: (C, 3) canonical metres.
            triangles: (T, 3) that cover all of them, without seams.
            uv: (C, 2) places in the chart.
            shapes: (K, C, 3) canonical metres.
            detail: length in metres below which shapes are smoothed along the skin; 0 for none.
        """
        points = np.asarray(vertices, dtype=np.float64)
        surface = HeadSurface.build(points, triangles, uv, np.ones(len(points), dtype=np.bool_))
        kept = smooth_along_skin(points, triangles, shapes, detail) if detail > 0.0 else shapes
        return ShapedSkin(points, kept, surface.chart)
