"""Where a head's lips meet, as a line on its surface: what a mouth that is closed for good is cut along."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.types import HeadMapping, Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.mesh import Float64, Int32, Mesh
from mmtalker.mesh.roles import CHART_ROLES
from mmtalker.mesh.surface import CanonicalSurface

_MARGIN = 0.04
"""How far around the lips triangles of the head are looked at, in the chart."""

_FLAT = 5e-11
"""Triangles that cover less of the chart, or are turned over in it, are nowhere."""


def find_lip_line(mesh: Mesh, mapping: HeadMapping) -> Float64:
    """Return (P, 3) points in head space from the right corner of the mouth to the left one.

    Between the corners each point is midway between the places of the canonical head's upper and lower
    lip. These are looked up one by one: in the chart the mouth's pocket lies between them, which a mouth
    that is closed for good does not have. Empty (0, 3) where the head has no mouth.
    """
    if mapping.mouth is Mouth.MISSING or not {"mouth_right", "mouth_left"} <= mapping.points.keys():
        return np.zeros((0, 3))
    head = load_canonical()
    upper, lower = head.uv[head.lip_pairs].astype(np.float64).transpose(1, 0, 2)
    near = triangles_near(mesh, mapping, np.concatenate([upper, lower]))
    corners = [mapping.points["mouth_right"], mapping.points["mouth_left"]]
    if not len(near):
        return np.stack(corners)
    surface = CanonicalSurface(mapping.uv, near)
    points = mesh.vertices.astype(np.float64)
    between = (surface.interpolate(points, upper) + surface.interpolate(points, lower)) / 2.0
    return _forward(np.concatenate([corners[:1], between, corners[1:]]))


def triangles_near(mesh: Mesh, mapping: HeadMapping, lips: Float64) -> Int32:
    """Return the (N, 3) triangles of a head that have a place around (P, 2) places on the lips."""
    triangles = mesh.triangles()
    low, high = lips.min(axis=0) - _MARGIN, lips.max(axis=0) + _MARGIN
    a, b, c = triangles.T
    # Before all else, since it leaves few; corner by corner, since NumPy's reductions over three are slow.
    near = _each(np.isin(mapping.role, CHART_ROLES), a, b, c)
    for axis in (0, 1):
        place = mapping.uv[:, axis].astype(np.float64)
        near &= ~_each(place <= low[axis], a, b, c) & ~_each(place >= high[axis], a, b, c)
    triangles = triangles[near]
    area = signed_areas(mapping.uv.astype(np.float64), triangles)
    found: Int32 = triangles[area > _FLAT]
    return found


def _each(mask: NDArray[np.bool_], a: Int32, b: Int32, c: Int32) -> NDArray[np.bool_]:
    """Whether all corners of a triangle are in a mask."""
    inside: NDArray[np.bool_] = mask[a] & mask[b] & mask[c]
    return inside


def _forward(line: Float64) -> Float64:
    """Leave out what goes back: corners that were moved may have passed points between them."""
    along = line[-1] - line[0]
    place = (line - line[0]) @ along / max(float(along @ along), 1e-30)
    keep = [0]
    for index in range(1, len(line) - 1):
        if place[keep[-1]] < place[index] < 1.0:
            keep.append(index)
    return line[[*keep, len(line) - 1]]
