"""Heads that are their own mirror image get shapes that are: left and right ones alike, the others even."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mesh.mesh import Float32, Float64
from mmtalker.mesh.normals import vertex_normals

Int64 = NDArray[np.int64]

TOLERANCE = 0.0002
"""Metres on a head of human size that a vertex may be beside the mirror image of another."""

ROUGHLY = 0.006
"""The same while the plane is only known from the mapping, which sees the middle to millimetres."""

FACING = 0.001
"""Metres for a difference of 1 between normals: where lips touch, both have vertices in one place."""

SHARE = 0.98
"""Share of the vertices that must have a partner: a parting or a scar makes no head lopsided."""

_FITS, _SAMPLES = 16, 3000
_HOPELESS = 0.5


def mirror_partners(vertices: Float64, triangles: NDArray[np.integer[Any]]) -> tuple[Int64, Float64] | None:
    """Find the vertex in the mirror place of each, or None for a head that is not symmetric.

    Args:
        vertices: (V, 3) canonical space, in which the middle of the face is near x = 0.
        triangles: (T, 3): only vertices that these use can be partners of each other.

    Returns:
        (V,) partners, -1 for what has none, and the (4,) plane: unit normal and its offset.
    """
    used = np.unique(triangles)
    points, normals = vertices[used], vertex_normals(vertices, triangles)[used].astype(np.float64)
    tree = cKDTree(np.concatenate([points, FACING * normals], axis=1))
    plane = np.array([1.0, 0.0, 0.0, 0.0])
    some = slice(None, None, 1 + len(points) // _SAMPLES)
    reach = ROUGHLY
    for _ in range(_FITS):
        found = _nearest_to_mirrored(tree, points[some], normals[some], plane)
        near = np.linalg.norm(_mirrored(points[some], plane) - points[found], axis=1) < reach
        if near.mean() < _HOPELESS:
            return None
        plane = _plane_between(points[some][near], points[found[near]], plane)
        reach = max(TOLERANCE, 0.75 * reach)
    found = _nearest_to_mirrored(tree, points, normals, plane)
    distance = np.linalg.norm(_mirrored(points, plane) - points[found], axis=1)
    # Both ways: of two vertices in one place only one has a partner.
    good = (distance < TOLERANCE) & (found[found] == np.arange(len(points)))
    if good.mean() < SHARE:
        return None
    partners = np.full(len(vertices), -1, dtype=np.int64)
    partners[used[good]] = used[found[good]]
    return partners, plane


def make_symmetric(shapes: Float32, mirror_shapes: Sequence[int], partners: Int64, plane: Float64) -> Float32:
    """Return shapes (K, V, 3) averaged with the mirror image of their twins; unpaired vertices keep theirs.

    Args:
        shapes: displacements in the space of ``plane``.
        mirror_shapes: (K,) the shape on the other side of each.
        partners, plane: of :func:`mirror_partners`.
    """
    paired = np.flatnonzero(partners >= 0)
    reflection = (np.eye(3) - 2.0 * np.outer(plane[:3], plane[:3])).astype(np.float32)
    even = shapes.copy()
    other = shapes[np.asarray(mirror_shapes)][:, partners[paired]] @ reflection
    even[:, paired] = 0.5 * (shapes[:, paired] + other)
    return even


def mirrored_names(names: Sequence[str], further: Mapping[str, str] = MappingProxyType({})) -> list[int]:
    """Return the row of the shape on the other side of each, its own where nothing says a side.

    Args:
        names: K shape names, of which ``Left`` and ``Right`` at the end say a side.
        further: the names on the other side of further ones.
    """
    row = {name: index for index, name in enumerate(names)}
    return [row.get(further.get(name, _other_side(name)), index) for index, name in enumerate(names)]


def _other_side(name: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def _nearest_to_mirrored(tree: cKDTree, points: Float64, normals: Float64, plane: Float64) -> Int64:
    turned = _mirrored(normals, np.array([*plane[:3], 0.0]))
    found: Int64 = tree.query(np.concatenate([_mirrored(points, plane), FACING * turned], axis=1))[1]
    return found


def _mirrored(points: Float64, plane: Float64) -> Float64:
    mirrored: Float64 = points - 2.0 * (points @ plane[:3] - plane[3])[:, None] * plane[:3]
    return mirrored


def _plane_between(points: Float64, others: Float64, plane: Float64) -> Float64:
    """The plane that mirrors points best onto others, by least squares; near another one."""
    apart = points - others
    # In the middle two points are one and say nothing about the direction.
    weighted = apart * np.sign(apart @ plane[:3])[:, None]
    normal = weighted.sum(axis=0)
    normal /= np.linalg.norm(normal)
    return np.array([*normal, 0.5 * float(((points + others) @ normal).mean())])
