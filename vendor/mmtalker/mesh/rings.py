"""Closed edge loops around the openings of a face, one ring of polygons after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]


def boundary_loops(faces: Iterable[Iterable[int]]) -> list[Int64]:
    """Boundary loops of a set of polygons, longest first, each in the polygons' turning sense."""
    edges: set[tuple[int, int]] = set()
    for face in faces:
        ring = [int(v) for v in face if v >= 0]
        edges.update(zip(ring, ring[1:] + ring[:1], strict=True))
    following = {a: b for a, b in edges if (b, a) not in edges}
    loops = []
    while following:
        start = min(following)
        loop = [start]
        while (step := following.pop(loop[-1], start)) != start:
            loop.append(step)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def grow(faces: Int64, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark (V,) vertices of every polygon that holds a marked vertex; padding of -1 is ignored."""
    touched = (inside[faces] & (faces >= 0)).any(axis=1)
    grown = inside.copy()
    vertices = faces[touched]
    grown[vertices[vertices >= 0]] = True
    return grown


def rim(faces: Int64, inside: NDArray[np.bool_]) -> Int64:
    """The loop in which the polygons of marked vertices alone end."""
    whole = (inside[faces] | (faces < 0)).all(axis=1)
    return boundary_loops(faces[whole])[0]


def aperture(
    faces: Int64, vertices: NDArray[np.floating[Any]], socket: NDArray[np.bool_], rounds: int = 9
) -> tuple[Int64, NDArray[np.bool_]]:
    """The ring around a socket that leaves the least opening when seen from the front: lip line, lid margin.

    Args:
        faces: (F, 4) skin polygons, -1 pads triangles. vertices: (V, 3), z out of the face.
        socket: (V,) vertices inside the opening.
        rounds: rings to look at, from the socket's rim outwards.

    Returns:
        The ring in order, and a mask (V,) of what lies inside it.
    """
    best, ring, within = np.inf, np.empty(0, dtype=np.int64), socket
    inside = socket
    for _ in range(rounds):
        inside = grow(faces, inside)
        loop = rim(faces, inside)
        x, y = vertices[loop, 0], vertices[loop, 1]
        area = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))
        if area < best:
            best, ring, within = area, loop, inside.copy()
    within[ring] = False
    return ring, within
