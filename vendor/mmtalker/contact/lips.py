"""The lips of one head in slices: what contact is found and solved on, without the head's whole mesh."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.contact.slices import lip_slices
from mmtalker.mapping.lip_line import triangles_near
from mmtalker.mapping.types import HeadMapping, Mouth
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Float32, Float64, Mesh
from mmtalker.mesh.surface import CanonicalSurface

UPRIGHT_METRES = 0.001
"""Lips that are less apart at rest meet from above and below, more so the less they are."""

FURTHEST = 2.0
"""Slices by which a place is moved along the mouth at most: what is further away is of a lip gone astray."""


def can_meet(mapping: HeadMapping) -> bool:
    """Say whether a head has two lips."""
    return mapping.mouth is Mouth.PARTED


def read_lips(
    mesh: Mesh, mapping: HeadMapping, vertices: Float64, shapes: NDArray[np.floating[Any]]
) -> Float32:
    """Return (1 + K, S, 2, A, 3) slices of a head at rest and what each shape adds, canonical metres.

    It is (0, ...) where there are no two lips.

    Args:
        mesh, mapping: of the head.
        vertices: (V, 3) in canonical space.
        shapes: (K, V, 3) displacements there.
    """
    uv = lip_slices().uv.astype(np.float64)
    near = triangles_near(mesh, mapping, uv.reshape(-1, 2))
    if not can_meet(mapping) or not len(near):
        return np.zeros((0, *uv.shape[:-1], 3), dtype=np.float32)
    skin = CanonicalSurface(mapping.uv, near)
    across = skin.interpolate(vertices[:, 0], uv.reshape(-1, 2)).reshape(uv.shape[:-1])
    found, weights = skin.locate(_in_planes(uv, across).reshape(-1, 2))
    corners = near[found]
    fields = (vertices, *shapes)
    read = np.stack([np.einsum("nk,nkd->nd", weights, field[corners]) for field in fields])
    lips: Float32 = read.reshape(len(read), *uv.shape[:-1], 3).astype(np.float32)
    return lips


def _in_planes(uv: Float64, across: Float64) -> Float64:
    """Move (S, 2, A, 2) places along the mouth to where both lips of a head are cut by the same planes.

    In the chart they are on the same planes of the canonical head. On another one the places of a lip may be
    a millimetre beside those of the other, which in the corners is a slice that compares nothing.

    Args:
        uv: the places. across: (S, 2, A) where they are on the head, metres to its left.
    """
    middle = uv.shape[2] // 2
    planes = across[:, :, middle].mean(axis=1)
    station = np.arange(len(uv), dtype=np.float64)
    moved = np.empty_like(uv)
    for lip, point in np.ndindex(uv.shape[1:3]):
        # Where a lip turns back on itself, the first passage counts.
        passed = np.maximum.accumulate(across[:, lip, point]) + 1e-12 * station
        share = np.clip(np.interp(planes, passed, station), station - FURTHEST, station + FURTHEST)
        for axis in (0, 1):
            moved[:, lip, point, axis] = np.interp(share, station, uv[:, lip, point, axis])
    return moved


@lru_cache(maxsize=1)
def canonical_lips() -> Float32:
    """(1 + 52, S, 2, A, 3) the canonical head's slices at rest and its own shapes there."""
    head, uv = load_canonical(), lip_slices().uv
    fields = np.concatenate([head.vertices[None], head.shapes])[:, : head.chart_count]
    read = canonical_surface().interpolate(fields.transpose(1, 0, 2), uv.reshape(-1, 2))
    lips: Float32 = read.transpose(1, 0, 2).reshape(len(fields), *uv.shape[:-1], 3).astype(np.float32)
    lips.setflags(write=False)
    return lips


def meeting_axes(rest: Float32) -> Float32:
    """Return (3, 2) the axes, depth and height, in which a head's lips lie above each other.

    They meet from above and below, but where they are apart at rest, along what is between them: one lip may
    lie further forward.

    Args:
        rest: (S, 2, A, 3) slices at rest.
    """
    stations = len(rest)
    middle = rest[stations // 4 : stations - stations // 4].astype(np.float64)
    between = middle[:, 0, :, None] - middle[:, 1, None]
    distance = np.linalg.norm(between, axis=3).reshape(len(middle), -1)
    nearest = between.reshape(len(middle), -1, 3)[np.arange(len(middle)), distance.argmin(axis=1)]
    apart = nearest.mean(axis=0)
    up = np.array([0.0, max(apart[1], 0.0) + UPRIGHT_METRES, apart[2] if apart[1] > 0.0 else 0.0])
    up /= np.linalg.norm(up)
    axes: Float32 = np.stack([np.array([0.0, -up[2], up[1]]), up], axis=1).astype(np.float32)
    return axes
