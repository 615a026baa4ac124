"""Where a head's landmarks are: on its own surface, nearest to where those of the fitted skin came to lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.fit import FittedSkin
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.normals import vertex_normals

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

NEIGHBOURS = 64
"""Triangles that are looked at for each: beside small ones a large one's middle is far away."""

SHARED = 0.003
"""Metres by which the other lip may be nearer than a landmark's own: beyond, they are not told apart."""


@dataclass(frozen=True)
class Landmarks:
    """The canonical landmarks on a head.

    Attributes:
        points: (3,) by name, in the space of the vertices given.
        vertices: the nearest corner of the triangle that it is on, by name.
    """

    points: dict[str, Float64]
    vertices: dict[str, int]


def read_landmarks(vertices: Float64, triangles: Int64, skin: FittedSkin) -> Landmarks:
    """Read the landmarks off a fitted skin.

    Not off the vertices' places in the chart: on a head of large triangles what is linear between the
    corners misses a landmark by 15 % of the eyes' distance, however right the corners are.

    Args:
        vertices: (V, 3) of the head, as they are to be read.
        triangles: (T, 3) of its skin.
        skin: the canonical skin fitted to it.
    """
    names, index = list(load_canonical().landmarks), np.array(list(load_canonical().landmarks.values()))
    facing = vertex_normals(skin.posed, skin.template.triangles)[index]
    lips = skin.template.lips[index]
    corner_bits = np.bitwise_and.reduce(skin.bits[triangles], axis=1)
    corners, weights = np.empty((len(index), 3), dtype=np.int64), np.empty((len(index), 3))
    for bit in np.unique(lips):
        here = lips == bit
        meets = (corner_bits & bit) > 0
        allowed = triangles[meets] if meets.any() else triangles
        points = skin.posed[index[here]], facing[here]
        found, weights[here], away = closest_on_triangles(*points, skin.head_posed, allowed, NEIGHBOURS)
        corners[here] = allowed[found]
        anywhere, there, nearer = closest_on_triangles(*points, skin.head_posed, triangles, NEIGHBOURS)
        # Coarse lips share triangles: of the right one none may be left that is near.
        shared = nearer < away - SHARED
        rows = np.flatnonzero(here)[shared]
        corners[rows], weights[rows] = triangles[anywhere[shared]], there[shared]
    points = np.einsum("nk,nkc->nc", weights, vertices[corners])
    nearest = np.take_along_axis(corners, weights.argmax(axis=1)[:, None], axis=1)[:, 0]
    return Landmarks(dict(zip(names, points, strict=True)), dict(zip(names, nearest.tolist(), strict=True)))
