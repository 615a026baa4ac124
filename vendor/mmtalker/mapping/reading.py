"""A mesh of any making read as one clean surface, without changing it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.edge_pairing import joined
from mmtalker.mapping.orient import orient
from mmtalker.mapping.triangulate import triangulate
from mmtalker.mapping.weld import coincident, seams
from mmtalker.mesh.mesh import Float64, Mesh

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

TOLERANCE = 1e-6
"""How far apart vertices on two sides of a seam may be, as a share of the head's extent."""


@dataclass(frozen=True)
class HeadReading:
    """A head's surface: V vertices of the mesh are W welded ones.

    Attributes:
        vertices: (W, 3) in head space.
        owner: (V,) welded vertex of each of the mesh's vertices, loose ones too.
        first: (W,) the first of the mesh's vertices that each welded one stands for.
        triangles: (T, 3) of welded vertices, all looking outwards; none degenerate, none twice.
        face: (T,) polygon that each triangle is part of.
        component: (W,) connected component, the one with the largest surface first; -1 without triangles.
        flipped: (T,) triangles that turn the other way than their polygon.
        warnings: sentences about the mesh; none where all is well.
    """

    vertices: Float64
    owner: Int64
    first: Int64
    triangles: Int64
    face: Int64
    component: Int64
    flipped: Bool
    warnings: tuple[str, ...]


def read_mesh(mesh: Mesh) -> HeadReading:
    """Weld, triangulate, drop what has no area, turn outwards and number the components.

    See :func:`mmtalker.mapping.weld.seams` for what is welded, and :func:`mmtalker.mapping.orient.orient` for
    what outwards means. Lips or lids that touch stay two.

    Args:
        mesh: one that :func:`mmtalker.mesh.check.check_mesh` accepts.
    """
    points = mesh.vertices.astype(np.float64)
    tolerance = TOLERANCE * float(np.ptp(points, axis=0).max())
    corners, face = triangulate(mesh)
    place = coincident(points, tolerance)
    sound = _has_area(points, corners, tolerance)
    kept, face = corners[sound], face[sound]
    twin = _first_alike(_turned_to_least(place[kept]))
    fresh = twin == np.arange(len(kept))

    pairs = [seams(points, place, kept[fresh]), _paired(place, kept[~fresh], kept[twin[~fresh]])]
    pairs.append(_strays(place, corners, kept))
    links = np.concatenate(pairs)
    owner = joined(len(points), links[:, 0], links[:, 1])
    first = np.empty(int(owner.max()) + 1, dtype=np.int64)
    first[owner[::-1]] = np.arange(len(owner))[::-1]
    vertices = points[first]

    triangles, face = owner[kept[fresh]], face[fresh]
    single = _first_alike(np.sort(triangles, axis=1)) == np.arange(len(triangles))
    proper = (triangles != np.roll(triangles, 1, axis=1)).all(axis=1)
    twice = int((~fresh).sum() + (~single).sum())
    triangles, face = triangles[single & proper], face[single & proper]
    flipped, crowded = orient(vertices, triangles)
    triangles[flipped] = triangles[flipped][:, [0, 2, 1]]
    return HeadReading(
        vertices=vertices,
        owner=owner,
        first=first,
        triangles=triangles,
        face=face,
        component=_components(vertices, triangles),
        flipped=flipped,
        warnings=_remarks(len(triangles), crowded, int(flipped.sum()), twice),
    )


def _has_area(points: Float64, triangles: Int64, tolerance: float) -> Bool:
    """(T,) whether a triangle is higher than the tolerance over its longest side."""
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    longest = np.sqrt(
        np.max([np.sum(side**2, axis=1) for side in (b - a, c - b, a - c)], axis=0, initial=0.0)
    )
    twice_area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return np.asarray(twice_area > tolerance * longest)


def _turned_to_least(triangles: Int64) -> Int64:
    """Begin each triangle at its least corner; its turning sense stays."""
    start = np.argmin(triangles, axis=1)
    return np.take_along_axis(triangles, (start[:, None] + np.arange(3)) % 3, axis=1)


def _first_alike(rows: Int64) -> Int64:
    """(T,) number of the first row equal to each row of (T, 3)."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((rows[:, 2], rows[:, 0] * (int(rows.max()) + 1) + rows[:, 1]))
    ordered = rows[order]
    fresh = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))
    first = np.empty(len(rows), dtype=np.int64)
    # The sort is stable: the first of each group is the first of the rows.
    first[order] = order[fresh][np.cumsum(fresh) - 1]
    return first


def _paired(place: Int64, dropped: Int64, kept: Int64) -> Int64:
    """Pairs (P, 2) of corners at equal places of triangles (D, 3) that lie on others."""
    same = np.argmax(place[dropped][:, :, None] == place[kept][:, None, :], axis=2)
    return np.stack([dropped.ravel(), np.take_along_axis(kept, same, axis=1).ravel()], axis=1)


def _strays(place: Int64, corners: Int64, kept: Int64) -> Int64:
    """Pairs (P, 2) of a vertex that only triangles without area use, and another at its place."""
    used = np.zeros(len(place), dtype=np.bool_)
    used[kept] = True
    stray = np.unique(corners)
    stray = stray[~used[stray]]
    at = np.full(int(place.max()) + 1, -1, dtype=np.int64)
    at[place[np.flatnonzero(used)]] = np.flatnonzero(used)
    found = at[place[stray]] >= 0
    return np.stack([stray[found], at[place[stray[found]]]], axis=1)


def _components(vertices: Float64, triangles: Int64) -> Int64:
    if not len(triangles):
        return np.full(len(vertices), -1, dtype=np.int64)
    label = joined(len(vertices), triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel())
    a, b, c = np.moveaxis(vertices[triangles], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    surface = np.bincount(label[triangles[:, 0]], weights=area, minlength=int(label.max()) + 1)
    rank = np.empty(len(surface), dtype=np.int64)
    rank[np.argsort(-surface, kind="stable")] = np.arange(len(surface))
    component = rank[label]
    component[surface[label] == 0.0] = -1
    return component


def _remarks(count: int, crowded: int, flipped: int, twice: int) -> tuple[str, ...]:
    remarks = []
    if crowded:
        remarks.append(
            f"{crowded:,} edges have more than two triangles; nothing is taken to go on across them."
        )
    if flipped:
        remarks.append(f"{flipped:,} of {count:,} triangles looked inwards; they are read turned over.")
    if twice:
        remarks.append(f"{twice:,} triangles lay exactly on others; they are read once.")
    return tuple(remarks)
