"""Cut Mouth outside of Blender: part a surface along a path of its edges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mmtalker.mesh.mesh import Mesh


def part_along(mesh: Mesh, path: list[int]) -> Mesh:
    """Give every vertex of the path but its ends a copy for the faces to its left.

    Args:
        mesh: with consistently turned faces.
        path: vertices, each joined to the next by an edge between two faces.
    """
    corners = mesh.loop_vertices.copy()
    starts = mesh.loop_starts
    on_path = {vertex: place for place, vertex in enumerate(path)}
    face_of = np.repeat(np.arange(mesh.face_count), np.diff(starts))
    touching = np.unique(face_of[np.isin(corners, path)])
    rings = {int(face): mesh.loop_vertices[starts[face] : starts[face + 1]].tolist() for face in touching}
    steps = {(a, b): face for face, ring in rings.items() for a, b in pairwise([*ring, ring[0]])}
    along = set(pairwise(path))
    left: dict[int, set[int]] = {}
    for vertex in path[1:-1]:
        place = on_path[vertex]
        sides = ((path[place - 1], vertex), (vertex, path[place + 1]))
        waiting = [steps[side] for side in sides if side in steps]
        found = set(waiting)
        while waiting:
            ring = rings[waiting.pop()]
            for a, b in pairwise([*ring, ring[0]]):
                if vertex in (a, b) and (a, b) not in along and (b, a) not in along:
                    other = steps.get((b, a))
                    if other is not None and other not in found:
                        found.add(other)
                        waiting.append(other)
        left[vertex] = found
    vertices = [mesh.vertices]
    for number, (vertex, faces) in enumerate(left.items()):
        for face in faces:
            part = corners[starts[face] : starts[face + 1]]
            part[part == vertex] = mesh.vertex_count + number
        vertices.append(mesh.vertices[[vertex]])
    return Mesh(np.concatenate(vertices), corners, starts)
