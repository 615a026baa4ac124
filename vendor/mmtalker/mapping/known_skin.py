"""Mapping a head whose skin alone is known by heart, whatever eyes, teeth and else there are beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.edge_pairing import joined
from mmtalker.mapping.known_head import MOST_VERTICES, map_known_head, weld
from mmtalker.mapping.reading import read_mesh
from mmtalker.mapping.roles import assign_roles
from mmtalker.mapping.types import HeadMapping, Hints
from mmtalker.mesh.mesh import Float64, Mesh
from mmtalker.mesh.topology import known_skins

T = TypeVar("T", bound=np.generic)
Bools = NDArray[np.bool_]

SEVERAL_FACES = (
    "There is more than one face on this mesh; the first one is animated. Separate the heads into objects of "
    "their own to animate the others."
)


def map_known_skin(mesh: Mesh, corrections: Mapping[str, Float64], hints: Hints | None) -> HeadMapping | None:
    """Map a head one connected piece of which is the skin of a known topology; None for any other.

    The skin's places are then exact, and the other pieces get their roles by form, place and name.

    Args:
        mesh: one that :func:`mmtalker.mesh.check.check_mesh` accepts.
        corrections: landmarks that the animator moved, (3,) in head space.
        hints: names of the mesh's parts.
    """
    if mesh.vertex_count > MOST_VERTICES:
        return None
    # As they are first: an artist's lips may touch, and welded they would be one.
    for place in (np.arange(mesh.vertex_count), weld(mesh.vertices)[0]):
        found = [
            (inside, skin)
            for inside in _pieces(mesh, place)
            if (skin := map_known_head(_restricted(mesh, inside), corrections)) is not None
        ]
        if found:
            mapping = _with_parts(mesh, *found[0], hints)
            return replace(mapping, warnings=mapping.warnings + (SEVERAL_FACES,) * (len(found) > 1))
    return None


def _pieces(mesh: Mesh, place: NDArray[np.int64]) -> Iterator[Bools]:
    """(V,) masks of connected pieces that have as many vertices as a known skin, counted by ``place``."""
    corner = place[mesh.triangles()]
    piece = joined(mesh.vertex_count, corner[:, [0, 1]].ravel(), corner[:, [1, 2]].ravel())
    members = np.bincount(piece[np.unique(place)], minlength=int(piece.max()) + 1)
    for number in np.flatnonzero(np.isin(members, [topology.vertex_count for topology in known_skins()])):
        yield (piece == number)[place]


def _restricted(mesh: Mesh, inside: Bools) -> Mesh:
    """The polygons between the (V,) vertices inside, and these vertices, in their order."""
    sizes = np.diff(mesh.loop_starts)
    whole = np.ones(mesh.face_count, dtype=bool)
    whole[np.repeat(np.arange(mesh.face_count), sizes)[~inside[mesh.loop_vertices]]] = False
    number = np.cumsum(inside) - 1
    starts = np.concatenate([[0], np.cumsum(sizes[whole])])
    corners = number[mesh.loop_vertices[np.repeat(whole, sizes)]]
    return Mesh(mesh.vertices[inside], corners.astype(np.int32), starts.astype(np.int32))


def _with_parts(mesh: Mesh, inside: Bools, skin: HeadMapping, hints: Hints | None) -> HeadMapping:
    """Put the mapping of the vertices inside among those of all others."""
    reading = read_mesh(mesh)
    owner, first = reading.owner, reading.first
    welded = np.zeros(len(first), dtype=bool)
    welded[owner[inside]] = True
    parts = assign_roles(reading, skin.to_canonical.apply(reading.vertices), welded, hints)
    index = np.flatnonzero(inside)

    led = parts.leader[owner]
    triangles = first[reading.triangles]
    beside = triangles[~inside[triangles].any(axis=1)]
    return replace(
        skin,
        uv=_among(np.zeros((len(owner), 2), dtype=np.float32), index, skin.uv),
        role=_among(parts.role[owner], index, skin.role),
        jaw_weight=parts.jaw_weight[owner],
        leader=np.where(led >= 0, first[led], -1).astype(np.int32),
        landmarks={name: int(index[vertex]) for name, vertex in skin.landmarks.items()},
        triangles=np.concatenate([index[skin.triangles], beside]).astype(np.int32),
        owner=_among(first[owner].astype(np.int32), index, index[skin.owner]),
    )


def _among(others: NDArray[T], index: NDArray[np.int64], own: NDArray[np.generic]) -> NDArray[T]:
    """Values (V, ...) of all vertices, those at ``index`` replaced."""
    found = others.copy()
    found[index] = own
    return found
