"""Obj files as exporters write them, and as they should not."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.obj import parse_obj

SQUARE = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def faces(data: bytes) -> list[list[int]]:
    mesh = parse_obj(data, "head.obj")
    return [part.tolist() for part in np.split(mesh.loop_vertices, mesh.loop_starts[1:-1])]


def message(data: bytes) -> str:
    with pytest.raises(MMTalkerError) as caught:
        parse_obj(data, "head.obj")
    assert caught.value.code is ErrorCode.FILE_FORMAT
    assert "head.obj" in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "face",
    [b"1 2 3 4", b"1/1 2/2 3/3 4/4", b"1//1 2//1 3//1 4//1", b"1/1/1 2/2/1 3/3/1 4/4/1", b"-4 -3 -2 -1"],
)
def test_every_form_of_a_corner_is_read(face: bytes) -> None:
    mesh = parse_obj(SQUARE + b"f " + face + b"\n", "head.obj")
    assert mesh.loop_vertices.tolist() == [0, 1, 2, 3]
    assert mesh.loop_starts.tolist() == [0, 4]
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert mesh.vertices.dtype == np.float32


def test_polygons_of_any_size_stay_polygons() -> None:
    assert faces(SQUARE + b"v 0.5 2 0\nf 1 2 3\nf 1 2 3 5 4\n") == [[0, 1, 2], [0, 1, 2, 4, 3]]


def test_several_objects_are_one_mesh_and_negative_numbers_count_from_where_they_stand() -> None:
    data = b"o left\n" + SQUARE + b"f -4 -3 -2\no right\n" + SQUARE + b"f -4 -3 -2\n"
    assert faces(data) == [[0, 1, 2], [4, 5, 6]]


def test_comments_blank_lines_windows_ends_tabs_colours_and_other_keywords_are_no_trouble() -> None:
    data = (
        b"\xef\xbb\xbf# Kopf von M\xfcller\r\nmtllib a.mtl\r\n\r\nv\t0  0 0 0.5 0.5 0.5 # first\r\n"
        b"v 1 0 0\r\n  v 0 1 0\r\nvt 0 0\r\nvn 0 0 1\r\ns off\r\ng M\xfcll\r\nusemtl \xff\xfe\r\n"
        b"f 1/1/1 2/1/1 \\\r\n 3/1/1\r\nl 1 2\r\n"
    )
    mesh = parse_obj(data, "head.obj")
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert mesh.loop_vertices.tolist() == [0, 1, 2]


def test_a_vertex_that_no_face_uses_keeps_its_number() -> None:
    assert parse_obj(SQUARE + b"f 1 2 3\n", "head.obj").vertex_count == 4


def test_a_face_may_stand_before_its_vertices() -> None:
    assert faces(b"f 1 2 3\n" + SQUARE) == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"v 1 2", "line 5 is not a vertex"),
        (b"v 1 two 3", "line 5 is not a vertex"),
        (b"f 1 2", "line 5 has a face with fewer than three"),
        (b"f 1 2 x", "line 5 is not a face"),
        (b"f 0 1 2", "line 5 has a face with a vertex number that does not exist"),
        (b"f 1 2 -5", "line 5 has a face with a vertex number that does not exist"),
        (b"f 1 2 3\nf 1 2 9", "line 6 has a face with vertex 9, and there are 4 vertices"),
        (b"f 1 2 99999999999999999999", "line 5 has a face with a vertex number that does not exist"),
        (b"", "it holds no faces"),
    ],
)
def test_a_wrong_line_is_named(line: bytes, expected: str) -> None:
    assert expected in message(SQUARE + line)


def test_what_is_no_obj_at_all_is_refused() -> None:
    assert "it holds no vertices" in message(bytes(range(256)) * 20)


def test_a_number_too_large_is_left_to_the_mesh_check() -> None:
    assert np.isinf(parse_obj(SQUARE + b"v 1e99 0 0\nf 1 2 3\n", "head.obj").vertices).any()


def test_a_file_cut_anywhere_is_a_mesh_or_a_sentence() -> None:
    data = SQUARE + b"f 1/1 2/2 3/3\nf 1//1 3//1 4//1\n"
    for length in range(len(data)):
        try:
            mesh = parse_obj(data[:length], "head.obj")
        except MMTalkerError as error:
            assert error.code is ErrorCode.FILE_FORMAT
        else:
            assert mesh.loop_vertices.max() < mesh.vertex_count
