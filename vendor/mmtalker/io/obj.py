"""Reading Wavefront obj: positions and polygons; all else in the file is passed over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtalker.io.inputs import bad_file
from mmtalker.limits import COARSER, MOST_TRIANGLES, MOST_VERTICES, check_count
from mmtalker.mesh.mesh import Mesh


def parse_obj(data: bytes, name: str) -> Mesh:
    """Parse the content of an obj file; all its objects become one mesh, vertices in the file's order.

    Faces of any size, indices counted from 1 or backwards from the last vertex, and every form of a corner
    (``v``, ``v/vt``, ``v//vn``, ``v/vt/vn``) are understood.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, naming the line.
    """
    positions: list[tuple[float, ...]] = []
    corners: list[int] = []
    starts = [0]
    lines_of_faces: list[int] = []
    for number, line in _logical_lines(data):
        keyword, _, rest = line.partition(" ")
        if keyword == "v":
            positions.append(_position(rest, name, number))
            check_count(name, "vertices", len(positions), MOST_VERTICES, COARSER)
        elif keyword == "f":
            corners.extend(_face(rest, len(positions), name, number))
            starts.append(len(corners))
            check_count(name, "triangles", len(corners) - 2 * len(starts) + 2, MOST_TRIANGLES, COARSER)
            lines_of_faces.append(number)
    if not positions or not corners:
        raise bad_file(name, "it holds no vertices" if not positions else "it holds no faces")
    loop_vertices = np.array(corners, dtype=np.int64)
    wrong = np.flatnonzero((loop_vertices < 0) | (loop_vertices >= len(positions)))
    if len(wrong):
        face = int(np.searchsorted(starts, wrong[0], side="right")) - 1
        raise bad_file(
            name,
            f"line {lines_of_faces[face]} has a face with vertex {loop_vertices[wrong[0]] + 1}, "
            f"and there are {len(positions)} vertices",
        )
    with np.errstate(over="ignore"):  # a number too large becomes infinite, which the mesh check reports
        vertices = np.array(positions, dtype=np.float64).astype(np.float32)
    return Mesh(vertices, loop_vertices.astype(np.int32), np.array(starts, dtype=np.int32))


def _logical_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines without comments, with white space made single; a backslash at the end joins the next line."""
    # Names may be in any encoding and are of no interest; numbers and keywords are ASCII.
    text = data.decode("utf-8-sig", errors="replace")
    pending: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.partition("#")[0].rstrip()
        if line.endswith("\\"):
            pending.append(line[:-1])
            continue
        line = " ".join(" ".join([*pending, line]).split())
        pending.clear()
        if line:
            yield number, line


def _position(rest: str, name: str, number: int) -> tuple[float, ...]:
    try:
        x, y, z = (float(word) for word in rest.split()[:3])  # more are a weight or a colour
    except ValueError as error:
        raise bad_file(name, f"line {number} is not a vertex of three numbers") from error
    return x, y, z


def _face(rest: str, vertex_count: int, name: str, number: int) -> list[int]:
    try:
        indices = [int(word.partition("/")[0]) for word in rest.split()]
    except ValueError as error:
        raise bad_file(name, f"line {number} is not a face of vertex numbers") from error
    if len(indices) < 3:
        raise bad_file(name, f"line {number} has a face with fewer than three corners")
    if 0 in indices or min(indices) < -vertex_count or max(indices) > np.iinfo(np.int32).max:
        raise bad_file(name, f"line {number} has a face with a vertex number that does not exist")
    return [index - 1 if index > 0 else vertex_count + index for index in indices]
