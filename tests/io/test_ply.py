"""Ply files of every kind hold the same mesh; what their headers promise is not believed."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.ply import parse_ply
from tests.io.damage import survives_damage

POINTS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.5), (1.0, 1.0, 0.0), (0.0, 1.0, -2.0), (0.5, 2.0, 0.0)]
POLYGONS = [[0, 1, 2], [0, 2, 3], [3, 2, 4, 0]]
CODES = {
    "float": "f",
    "double": "d",
    "uchar": "B",
    "char": "b",
    "int": "i",
    "uint": "I",
    "ushort": "H",
    "short": "h",
}


def ply(
    kind: str,
    *,
    coordinate: str = "float",
    count: str = "uchar",
    index: str = "int",
    polygons: list[list[int]] = POLYGONS,
    extras: bool = False,
    label: str = "vertex_indices",
    vertex_count: int | None = None,
    face_count: int | None = None,
) -> bytes:
    """A ply file; ``extras`` adds properties and elements that a head does not need."""
    header = ["ply", f"format {kind} 1.0", "comment made by hand", "obj_info nothing"]
    if extras:
        header += ["element camera 1", "property double focal", "property list uchar short pixels"]
    header += [f"element vertex {len(POINTS) if vertex_count is None else vertex_count}"]
    header += [f"property {coordinate} {axis}" for axis in "xyz"]
    if extras:
        header += ["property uchar red", "property double quality"]
    header += [f"element face {len(polygons) if face_count is None else face_count}"]
    if extras:
        header += ["property uchar flags"]
    header += [f"property list {count} {index} {label}"]
    if extras:
        header += ["property list uchar float texcoord"]
    header += ["end_header", ""]

    rows: list[list[tuple[str, float]]] = []
    if extras:
        rows.append([("double", 35.0), ("uchar", 2), ("short", -7), ("short", 9)])
    for point in POINTS:
        rows.append(
            [(coordinate, value) for value in point] + ([("uchar", 200), ("double", 0.5)] if extras else [])
        )
    for polygon in polygons:
        row = [("uchar", 1)] if extras else []
        row += [(count, len(polygon))] + [(index, vertex) for vertex in polygon]
        rows.append(row + ([("uchar", 2), ("float", 0.25), ("float", 0.75)] if extras else []))

    if kind == "ascii":
        body = "\n".join(" ".join(f"{value:g}" for _, value in row) for row in rows).encode() + b"\n"
    else:
        order = "<" if "little" in kind else ">"
        body = b"".join(
            struct.pack(order + CODES[t], v if t in ("float", "double") else int(v))
            for row in rows
            for t, v in row
        )
    return "\n".join(header).encode() + body


KINDS = ["ascii", "binary_little_endian", "binary_big_endian"]


def refused(data: bytes) -> str:
    with pytest.raises(MMTalkerError) as caught:
        parse_ply(data, "head.ply")
    assert caught.value.code is ErrorCode.FILE_FORMAT
    assert "head.ply" in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extras", [False, True])
@pytest.mark.parametrize(
    ("coordinate", "count", "index"),
    [("float", "uchar", "int"), ("double", "int", "uint"), ("float", "char", "ushort")],
)
@pytest.mark.parametrize("polygons", [POLYGONS, POLYGONS[:2]], ids=["mixed", "triangles"])
def test_every_kind_gives_the_same_mesh(
    kind: str, extras: bool, coordinate: str, count: str, index: str, polygons: list[list[int]]
) -> None:
    data = ply(kind, coordinate=coordinate, count=count, index=index, extras=extras, polygons=polygons)
    mesh = parse_ply(data, "head.ply")
    assert mesh.vertices.dtype == np.float32
    assert mesh.vertices.tolist() == [list(point) for point in POINTS]
    assert [part.tolist() for part in np.split(mesh.loop_vertices, mesh.loop_starts[1:-1])] == polygons


def test_the_other_usual_name_of_the_list_and_windows_line_ends_are_read() -> None:
    data = ply("ascii", label="vertex_index").replace(b"\n", b"\r\n")
    assert parse_ply(data, "head.ply").face_count == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["vertex_count", "face_count"])
def test_a_count_that_the_file_cannot_hold_is_refused_without_allocating(kind: str, what: str) -> None:
    assert "it ends before" in refused(ply(kind, **{what: 10**15}))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused(kind: str) -> None:
    data = ply(kind, extras=True)
    body = len(data) - 1 if kind == "ascii" else len(data)
    for length in range(1, body - 4):  # the last number of a text may lose digits and stay a number
        refused(data[:length])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [5, -1])
def test_a_vertex_number_outside_the_vertices_is_refused(kind: str, wrong: int) -> None:
    assert "outside the 5 vertices" in refused(ply(kind, polygons=[[0, 1, wrong]]))


def test_a_face_of_two_corners_is_refused() -> None:
    assert "fewer than three corners" in refused(ply("ascii", polygons=[[0, 1]]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_negative_length_is_refused(kind: str) -> None:
    data = ply(kind, count="char")
    broken = data.replace(b"\n3 0 1 2", b"\n-3 0 1 2") if kind == "ascii" else bytearray(data)
    if kind != "ascii":
        broken[data.index(b"end_header\n") + 11 + 5 * 12] = 0xFD  # the first face's count, -3
    assert "negative length" in refused(bytes(broken))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"format ascii 1.0", b"format ascii 2.0"),
        (b"format ascii 1.0", b""),
        (b"property float x", b"property quad x"),
        (b"property float x", b"property float y"),
        (b"element face 3", b"element face many"),
        (b"element face 3", b"element face -3"),
        (b"list uchar int", b"list float int"),
        (b"property float z", b"property float w"),
        (b"element face", b"element edge"),
        (b"ply", b"plx"),
        (b"end_header", b"end"),
        (b"\n0 0 0\n", b"\n0 zero 0\n"),
    ],
)
def test_a_damaged_header_or_row_is_refused(old: bytes, new: bytes) -> None:
    data = ply("ascii")
    assert old in data
    refused(data.replace(old, new, 1))


def test_random_damage_is_a_mesh_or_a_sentence() -> None:
    rng = np.random.default_rng(0)
    for kind in KINDS:
        survives_damage(lambda data: parse_ply(data, "head.ply"), ply(kind, extras=True), 300, 4, rng)
