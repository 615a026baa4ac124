"""Reading Stanford ply, as text and as either kind of binary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.inputs import bad_file
from mmtalker.io.ply_body import AsciiBody, BinaryBody, Body, Lists, Property
from mmtalker.limits import COARSER, MOST_PROPERTIES, MOST_TRIANGLES, MOST_VERTICES, check_count
from mmtalker.mesh.mesh import Mesh

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_FACE_LISTS = ("vertex_indices", "vertex_index")
_END = b"end_header"


@dataclass(frozen=True)
class Element:
    """One table of the file."""

    name: str
    count: int
    properties: tuple[Property, ...]


def parse_ply(data: bytes, name: str) -> Mesh:
    """Parse the content of a ply file: x, y, z of ``vertex`` and the polygons of ``face``.

    Other elements and properties, of any type, are passed over. Nothing is allocated on the word of the
    header alone.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    kind, elements, body_start = _parse_header(data, name)
    body: Body
    if kind == "ascii":
        body = AsciiBody(data[body_start:], name)
    else:
        body = BinaryBody(data, body_start, "<" if kind == "binary_little_endian" else ">", name)
    vertices: NDArray[np.float32] | None = None
    polygons: Lists | None = None
    for element in elements:
        columns = body.read(element.count, element.properties, element.name)
        if element.name == "vertex":
            vertices = _positions(columns, name)
        elif element.name == "face":
            polygons = _polygons(columns, name)
    if vertices is None or not len(vertices):
        raise bad_file(name, "it holds no vertices")
    check_count(name, "vertices", len(vertices), MOST_VERTICES, COARSER)
    if polygons is None or not len(polygons.values):
        raise bad_file(name, "it holds no faces")
    if polygons.values.min() < 0 or polygons.values.max() >= len(vertices):
        raise bad_file(name, f"a face has a vertex number outside the {len(vertices)} vertices")
    if polygons.counts.min() < 3:
        raise bad_file(name, "a face has fewer than three corners")
    corners = len(polygons.values)
    check_count(name, "triangles", corners - 2 * len(polygons.counts), MOST_TRIANGLES, COARSER)
    starts = np.concatenate([[0], np.cumsum(polygons.counts)])
    return Mesh(vertices, polygons.values.astype(np.int32), starts.astype(np.int32))


def _parse_header(data: bytes, name: str) -> tuple[str, list[Element], int]:
    """Kind of body, elements, and where the body begins."""
    end = data.find(_END)
    if not data.startswith(b"ply") or end < 0:
        raise bad_file(name, "its header is not that of a ply file")
    newline = data.find(b"\n", end)
    body_start = len(data) if newline < 0 else newline + 1
    kind = ""
    elements: list[tuple[str, int, dict[str, Property]]] = []
    total = 0
    for line in data[:end].decode("ascii", errors="replace").splitlines()[1:]:
        words = line.split()
        total += words[:1] == ["property"]
        check_count(
            name, "properties", total, MOST_PROPERTIES, "Export it again with positions and faces alone."
        )
        try:
            match words:
                case ["format", kind, "1.0"] if kind in (
                    "ascii",
                    "binary_little_endian",
                    "binary_big_endian",
                ):
                    pass
                case ["element", element, count] if int(count) >= 0:
                    elements.append((element, int(count), {}))
                case ["property", "list", count_type, item_type, label] if label not in elements[-1][2]:
                    if _TYPES[count_type].startswith("f"):
                        raise ValueError
                    elements[-1][2][label] = Property(label, _TYPES[item_type], _TYPES[count_type])
                case ["property", item_type, label] if label not in elements[-1][2]:
                    elements[-1][2][label] = Property(label, _TYPES[item_type])
                case [] | ["comment" | "obj_info", *_]:
                    pass
                case _:
                    raise ValueError
        except (ValueError, KeyError, IndexError) as error:
            raise bad_file(
                name, f'its header has the line "{line.strip()}", which is not understood'
            ) from error
    if not kind:
        raise bad_file(name, "its header does not say which kind of ply it is")
    return (
        kind,
        [Element(label, count, tuple(properties.values())) for label, count, properties in elements],
        body_start,
    )


def _positions(columns: dict[str, NDArray[np.generic] | Lists], name: str) -> NDArray[np.float32]:
    axes = []
    for axis in "xyz":
        column = columns.get(axis)
        if not isinstance(column, np.ndarray):
            raise bad_file(name, f"its vertices have no {axis}")
        axes.append(column)
    with np.errstate(over="ignore"):  # a number too large becomes infinite, which the mesh check reports
        return np.stack(axes, axis=1).astype(np.float32)


def _polygons(columns: dict[str, NDArray[np.generic] | Lists], name: str) -> Lists:
    for label in _FACE_LISTS:
        column = columns.get(label)
        if isinstance(column, Lists):
            return column
    raise bad_file(name, "its faces have no list of vertex numbers")
