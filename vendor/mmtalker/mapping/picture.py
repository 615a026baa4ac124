"""A picture of a mapping: the head from three sides, the canonical grid on it, and its landmarks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.mapping.cameras import turned, views_of_face
from mmtalker.mapping.cloud import spread
from mmtalker.mapping.types import HeadMapping
from mmtalker.mapping.views import look
from mmtalker.mesh.mesh import Float64, Mesh
from mmtalker.mesh.roles import CHART_ROLES

SIZE = 420
POINTS = 900_000
YAWS = (0.0, 40.0, 85.0)
HALF = 0.16
CENTRE = (0.0, -0.02, -0.04)

LINES = 24
"""Lines of the grid along each side of the chart."""

LINE_WIDTH = 0.07
"""Of a line, as a part of the distance between two."""

BACKGROUND, PLAIN, LINE, DOT = (24, 26, 32), (150, 150, 155), (40, 42, 48), (255, 70, 40)
DOT_PIXELS = 3


def draw_mapping(mesh: Mesh, mapping: HeadMapping) -> NDArray[np.uint8]:
    """Return (SIZE, 3 SIZE, 3) colours: places as hues with the chart's grid, landmarks as dots.

    Args:
        mesh: the head.
        mapping: of it.
    """
    vertices = mapping.to_canonical.apply(mesh.vertices)
    triangles = mapping.triangles.astype(np.int64)
    # Of a body only what the picture shows: else the points would be too few to close it.
    shown = np.abs(vertices[triangles].mean(axis=1) - CENTRE).max(axis=1) < 2.0 * HALF
    triangles = triangles[shown] if shown.any() else triangles
    cloud = spread(vertices, triangles, POINTS, np.random.default_rng(0))
    known = np.isin(mapping.role, CHART_ROLES)[triangles[cloud.triangle]].all(axis=1)
    colours = _colours(cloud.read(mapping.uv.astype(np.float64), triangles), known)
    rotation = turned(YAWS)
    views = views_of_face(rotation, CENTRE, HALF)
    pictures = look(torch.from_numpy(cloud.points), torch.from_numpy(cloud.normals), views, SIZE)
    index, light = pictures.index.numpy(), pictures.image[:, 2].abs().numpy()
    shaded = colours[np.maximum(index, 0)] * (0.35 + 0.65 * light)[..., None]
    drawn = np.where((index >= 0)[..., None], shaded, BACKGROUND)
    for name in mapping.points:
        place = mapping.to_canonical.apply(mapping.points[name][None])[0]
        for view in range(len(YAWS)):
            _dot(drawn[view], rotation[view] @ (place - CENTRE), index[view] >= 0)
    side_by_side: NDArray[np.uint8] = np.concatenate(list(drawn), axis=1).clip(0, 255).astype(np.uint8)
    return side_by_side


def _colours(uv: Float64, known: NDArray[np.bool_]) -> Float64:
    """(N, 3) hue by place in the chart, darker on the grid's lines, grey where there is no place."""
    hue = np.stack([80.0 + 150.0 * uv[:, 0], 230.0 - 120.0 * uv[:, 1], 120.0 + 110.0 * uv[:, 1]], axis=1)
    beside = np.abs((uv * LINES) % 1.0 - 0.5) > 0.5 - LINE_WIDTH
    hue[beside.any(axis=1)] = LINE
    return np.where(known[:, None], hue, PLAIN)


def _dot(picture: Float64, place: Float64, seen: NDArray[np.bool_]) -> None:
    """Mark a place, given in the view's axes, if it is on the side that is seen."""
    if place[2] < -0.02:
        return
    column, row = (place[0] / HALF * 0.5 + 0.5) * SIZE, (0.5 - place[1] / HALF * 0.5) * SIZE
    y, x = np.ogrid[:SIZE, :SIZE]
    picture[((x - column) ** 2 + (y - row) ** 2 <= DOT_PIXELS**2) & seen] = DOT
