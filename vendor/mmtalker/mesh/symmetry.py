"""Heads that are their own mirror image get shapes that are: left and right ones alike, the others even."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mesh.mesh import Float32, Float64

Int64 = NDArray[np.int64]

TOLERANCE = 0.0002
"""Metres on a head of human size that a vertex may be beside the mirror image of another."""

ROUGHLY = 0.004
"""The same while the plane is only known from the mapping, which sees the middle to millimetres."""

SHARE = 0.995
"""Share of the vertices that must have a partner: a parting or a scar makes no head lopsided."""

_FITS = 8


def mirror_partners(vertices: Float64, triangles: NDArray[np.integer[Any]]) -> tuple[Int64, Float64] | None:
    """Find the vertex in the mirror place of each, or None for a head that is not symmetric.

    Args:
        vertices: (V, 3) canonical space, in which the middle of the face is near x = 0.
        triangles: (T, 3): only vertices that these use can be partners of each other.

    Returns:
        (V,) partners, -1 for what has none, and the (4,) plane: unit normal and its offset.
    """
    used = np.unique(triangles)
    points = vertices[used]
    tree = cKDTree(points)
    plane = np.array([1.0, 0.0, 0.0, 0.0])
    reach = ROUGHLY
    for _ in range(_FITS):
        distance, found = tree.query(_mirrored(points, plane))
        near = distance < reach
        if near.mean() < 0.5:
            return None
        plane = _plane_between(points[near], points[found[near]], plane)
        reach = max(TOLERANCE, 0.5 * reach)
    distance, found = tree.query(_mirrored(points, plane))
    # Both ways: where lips or lids touch, two vertices may be nearest to the same one.
    good = (distance < TOLERANCE) & (found[found] == np.arange(len(points)))
    if good.mean() < SHARE:
        return None
    partners = np.full(len(vertices), -1, dtype=np.int64)
    partners[used[good]] = used[found[good]]
    return partners, plane


def make_symmetric(
    shapes: Float32, names: Sequence[str], partners: Int64, plane: Float64, twins: Sequence[int] | None = None
) -> Float32:
    """Return shapes (K, V, 3) averaged with the mirror image of their twins; unpaired vertices keep theirs.

    Args:
        shapes: displacements in the space of ``plane``.
        names: K shape names; ``Left`` is the twin of ``Right``.
        partners, plane: of :func:`mirror_partners`.
        twins: (K,) the shape on the other side of each; None to go by names.
    """
    across = np.array(mirror_twins(names) if twins is None else twins)
    paired = np.flatnonzero(partners >= 0)
    reflection = (np.eye(3) - 2.0 * np.outer(plane[:3], plane[:3])).astype(np.float32)
    even = shapes.copy()
    other = shapes[across][:, partners[paired]] @ reflection
    even[:, paired] = 0.5 * (shapes[:, paired] + other)
    return even


def mirror_twins(names: Sequence[str]) -> list[int]:
    """Return the row of the shape on the other side of each: its own where a name says no side."""
    row = {name: index for index, name in enumerate(names)}
    swapped = {"Left": "Right", "Right": "Left"}
    twins = []
    for index, name in enumerate(names):
        side = next((side for side in swapped if name.endswith(side)), None)
        twin = name if side is None else name.removesuffix(side) + swapped[side]
        twins.append(row.get(twin, index))
    return twins


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
