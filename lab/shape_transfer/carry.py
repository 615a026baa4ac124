"""Shapes of another head, carried by deformation gradients that are read at the same place in the chart.

Every triangle of the target gets the gradient that the same piece of the source has in a shape, and the
vertices are those that come nearest to all of them by least squares, triangles weighing by their area: Sumner
and Popović, "Deformation Transfer for Triangle Meshes" (2004). Theirs pairs triangles by nearest centroids,
which mixes up lips and lids; in the chart these lie apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from lab.shape_transfer.lips import close_what_jaw_opens
from lab.shape_transfer.source import ShapedSkin
from mmtalker.mapping.cloud import triangle_normals
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.gradients import Int64, PinnedSystem, gradients, stacked, tangent_operator
from mmtalker.mesh.mesh import Float32, Float64, Mesh
from mmtalker.mesh.roles import Role
from mmtalker.mesh.smoothing import vertex_areas
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.heads import HeadSurface

STILL_METRES = 2e-4
"""Skin that moves less in the source is held still: nobody sees it, and gradients alone let faces drift."""

POCKET_WEIGHT = 1e-3
"""Of triangles behind lips and lids: pockets differ by centimetres, and follow the skin that they hang on."""

ANCHOR_METRES = 1.0
"""Over such lengths what is read as displacement counts: enough to hold a piece whose rim nothing holds."""

LEAST_SHARE = 0.05
"""Of a triangle's area that its piece of the source needs, else nothing can be told about its gradient."""


def carry_shapes(source: ShapedSkin, names: Sequence[str], mesh: Mesh, mapping: HeadMapping) -> Float32:
    """Give a mapped head the shapes of another one.

    Args:
        source: whose shapes.
        names: K names of them, of ARKit's.
        mesh: the head.
        mapping: where its vertices lie.

    Returns:
        (K, V, 3) displacements in the head's own space; what has no skin stays still
        (:func:`mmtalker.mapping.parts.fill_parts` moves it).
    """
    vertices = mapping.to_canonical.apply(mesh.vertices)
    surface = HeadSurface.mapped(vertices, mapping)
    on_chart = surface.on_chart
    seen = mapping.role[on_chart] == Role.SKIN
    triangles = surface.skin_triangles().astype(np.int64)
    skin = CarriedSkin(source, vertices[on_chart], triangles, mapping.uv[on_chart], seen)
    carried = np.zeros((len(names), mesh.vertex_count, 3), dtype=np.float32)
    for made, shape in zip(carried, source.shapes, strict=True):
        made[on_chart] = skin.carry(shape)
    carried = close_what_jaw_opens(carried, names, surface.chart)
    return mapping.to_canonical.inverse().apply_vectors(carried[:, mapping.owner]).astype(np.float32)


class CarriedSkin:
    """A skin, and at each of its vertices and triangles what the source has in the same place."""

    def __init__(
        self,
        source: ShapedSkin,
        vertices: Float64,
        triangles: Int64,
        uv: Float32,
        seen: NDArray[np.bool_],
    ) -> None:
        """Look up the source, and set up the least squares.

        Args:
            source: whose shapes are carried.
            vertices: (C, 3) canonical metres.
            triangles: (T, 3).
            uv: (C, 2) places in the chart.
            seen: (C,) which vertices are skin; the others line the pockets behind it.
        """
        self._chart: CanonicalSurface = source.chart
        self._place = source.chart.locate(uv)
        self._rest = source.chart.blend(source.vertices, *self._place)
        area, theirs = (triangle_normals(points, triangles)[1] for points in (vertices, self._rest))
        known = (area > 0.0) & (theirs > LEAST_SHARE * area)
        self._triangles = triangles[known]
        weight = area[known] * np.where(seen[self._triangles].any(axis=1), 1.0, POCKET_WEIGHT)
        operator = tangent_operator(vertices, self._triangles)
        self._weighted = operator.T @ sparse.diags(np.repeat(weight, 3))
        self._anchor = vertex_areas(vertices, triangles) / ANCHOR_METRES**2
        self._matrix = (self._weighted @ operator + sparse.diags(self._anchor)).tocsr()

    def carry(self, shape: Float32) -> Float64:
        """Return the displacements (C, 3) that a shape of the source, one of (S, 3), has here."""
        read = self._chart.blend(shape, *self._place)
        still = self._still(read)
        if len(still) == len(read):
            return np.zeros_like(read)
        goal = gradients(self._rest, self._rest + read, self._triangles) - np.eye(3)
        right = self._weighted @ stacked(goal) + self._anchor[:, None] * read
        return PinnedSystem(self._matrix, still).solve(right, np.zeros((len(still), 3)))

    def _still(self, read: Float64) -> Int64:
        """Return the vertices around which nothing moves."""
        length = np.linalg.norm(read, axis=1)
        most = length.copy()
        np.maximum.at(most, self._triangles.ravel(), np.repeat(length[self._triangles].max(axis=1), 3))
        return np.flatnonzero(most <= STILL_METRES)
