"""Where a face is measured: the canonical head's lips, eyes, brow, jaw and teeth, carried to any head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.heads.training_heads import TrainingHead, anny_head
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.model.heads import HeadSurface

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

MM = 1000.0
"""Millimetres in a unit of canonical space."""

LISTS = {"lips": "lips", "eye_region": "eye_region", "upper_face": "upper_face", "jaw": "jaw_rigid"}
"""Lists of evaluation points by name, and the region of the canonical head that each is."""

MIDDLE_PAIRS = 3
"""Pairs of facing points in the middle of the lips whose mean is the lip gap."""

BITING_POINTS = 5
"""Points of the lower lip's edge, in its middle, that come to the teeth in [f v]."""

INCISORS_M = 0.009
"""The upper teeth within this distance from the midline count for [f v]."""

INCISOR_DEPTH_M = 0.008
"""How far behind the foremost point of the teeth their edge may be."""

EDGE_M = 0.0015
"""Height of the incisors' cutting edge above the lowest point."""


@dataclass(frozen=True, eq=False)
class Face:
    """Evaluation points of one head; the same P points on every head.

    They are the vertices of the canonical head's regions, found on another head by their places
    in the chart, so that heads of any topology and resolution are measured alike.

    Attributes:
        name: of the head.
        head: the head itself.
        surface: its skin over the chart, for networks.
        uv: (P, 2) places of the points.
        rest: (P, 3) mm, x to the subject's left, y up, z out of the face.
        shapes: (52, P, 3) mm, the head's true shapes.
        lists: rows of the points that belong to ``lips``, ``eye_region``, ``upper_face`` and ``jaw``.
        lip_pairs: (G, 2) upper and lower row where the lips touch, from the right corner to the left.
        lid_pairs: (Q, 2) upper and lower row on the lid margins.
        corners: rows of the right and the left corner of the mouth.
        teeth: (N, 3) mm, the cutting edge of the upper incisors; none on a head without teeth.
    """

    name: str
    head: TrainingHead
    surface: HeadSurface
    uv: Float32
    rest: Float32
    shapes: Float32
    lists: Mapping[str, Int64]
    lip_pairs: Int64
    lid_pairs: Int64
    corners: Int64
    teeth: Float32

    @property
    def middle_lip_pairs(self) -> Int64:
        """(MIDDLE_PAIRS, 2) the pairs that the lip gap is read from."""
        return _middle(self.lip_pairs, MIDDLE_PAIRS)

    @property
    def biting_points(self) -> Int64:
        """(BITING_POINTS,) rows of the lower lip's edge."""
        return _middle(self.lip_pairs, BITING_POINTS)[:, 1]

    def move(self, curves: Float32) -> Float32:
        """Return the displacement (T, P, 3) in mm that (T, 52) curves make with the true shapes."""
        flat = curves[:, : len(self.shapes)] @ self.shapes.reshape(len(self.shapes), -1)
        moved: Float32 = flat.reshape(len(curves), -1, 3).astype(np.float32)
        return moved

    def read(self, field: NDArray[np.floating[Any]]) -> Float32:
        """Read a field over the head's chart vertices, (C, ...), at the evaluation points, (P, ...)."""
        return self.surface.chart.interpolate(field, self.uv).astype(np.float32)


def build_face(head: TrainingHead) -> Face:
    """Carry the evaluation points to a head."""
    canonical = load_canonical()
    chart = canonical.chart_count
    masks = {name: canonical.regions[region][:chart] for name, region in LISTS.items()}
    wanted = np.zeros(chart, dtype=bool)
    for mask in masks.values():
        wanted |= mask
    corners = np.array([canonical.landmarks["mouth_right"], canonical.landmarks["mouth_left"]])
    for rows in (canonical.lip_pairs, canonical.lid_pairs, corners):
        wanted[rows.ravel()] = True
    row_of = np.cumsum(wanted) - 1

    skin = skin_of(head)
    surface = HeadSurface.build(
        head.vertices[skin], skin_triangles(head), head.uv[skin], np.ones(int(skin.sum()), dtype=bool)
    )
    uv = canonical.uv[wanted]
    triangle, weights = surface.chart.locate(uv)
    rest = surface.chart.blend(head.vertices[skin] * MM, triangle, weights)
    shapes = surface.chart.blend(head.shapes[:, skin].transpose(1, 0, 2) * MM, triangle, weights)
    return Face(
        name=head.name,
        head=head,
        surface=surface,
        uv=uv,
        rest=rest.astype(np.float32),
        shapes=shapes.transpose(1, 0, 2).astype(np.float32),
        lists={name: np.flatnonzero(mask[wanted]) for name, mask in masks.items()},
        lip_pairs=row_of[canonical.lip_pairs],
        lid_pairs=row_of[canonical.lid_pairs],
        corners=row_of[corners],
        teeth=_cutting_edge(head),
    )


def canonical_face() -> Face:
    """Return the canonical head's own face."""
    return build_face(anny_head())


def skin_of(head: TrainingHead) -> NDArray[np.bool_]:
    """(V,) which vertices have a place in the chart."""
    return np.isin(head.role, CHART_ROLES)


def skin_triangles(head: TrainingHead) -> NDArray[np.int32]:
    """(T, 3) triangles of the skin, in the numbering of its vertices alone."""
    skin = skin_of(head)
    inside = head.triangles[skin[head.triangles].all(axis=1)]
    triangles: NDArray[np.int32] = (np.cumsum(skin) - 1)[inside].astype(np.int32)
    return triangles


def _cutting_edge(head: TrainingHead) -> Float32:
    """(N, 3) mm: the lowest of the upper front teeth's points."""
    teeth = head.vertices[head.role == Role.TEETH_UPPER]
    middle = teeth[np.abs(teeth[:, 0]) < INCISORS_M]
    if not len(middle):
        return np.zeros((0, 3), dtype=np.float32)
    # Gums belong to the teeth and may reach far back and down.
    front = middle[middle[:, 2] > middle[:, 2].max() - INCISOR_DEPTH_M]
    edge: Float32 = (front[front[:, 1] < front[:, 1].min() + EDGE_M] * MM).astype(np.float32)
    return edge


def _middle(pairs: Int64, count: int) -> Int64:
    first = (len(pairs) - count) // 2
    return pairs[first : first + count]
