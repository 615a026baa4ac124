from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.check import check_mesh
from mmtalker.mesh.mesh import Mesh

from .samples import tetrahedron


def refusal(mesh: Mesh) -> str:
    with pytest.raises(MMTalkerError) as caught:
        check_mesh(mesh)
    assert caught.value.code == ErrorCode.BAD_MESH
    return caught.value.message


def test_a_sound_mesh_has_no_warnings():
    assert check_mesh(tetrahedron()) == []
    assert check_mesh(load_canonical().mesh) == []


def test_an_empty_mesh_is_refused():
    nothing = Mesh(np.zeros((0, 3), np.float32), np.zeros(0, np.int32), np.zeros(1, np.int32))
    assert "no vertices" in refusal(nothing)


def test_vertices_without_faces_are_refused():
    bare = replace(tetrahedron(), loop_vertices=np.zeros(0, np.int32), loop_starts=np.zeros(1, np.int32))
    assert "no faces" in refusal(bare)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_no_numbers_are_counted_and_located(value):
    mesh = tetrahedron()
    mesh.vertices[2:, 1] = value
    message = refusal(mesh)
    assert "2 of 4 vertices" in message
    assert "the first is vertex 2" in message


@pytest.mark.parametrize("index", [-1, 4])
def test_a_face_on_a_vertex_that_is_not_there_is_refused(index):
    mesh = tetrahedron()
    mesh.loop_vertices[5] = index
    assert f"vertex {index}" in refusal(mesh)


def test_all_vertices_in_one_place_are_refused():
    mesh = tetrahedron()
    mesh.vertices[:] = [1.0, 2.0, 3.0]
    assert "in one place" in refusal(mesh)


def test_a_mesh_flattened_to_a_line_is_refused():
    mesh = tetrahedron()
    mesh.vertices[:, 1:] = 0.0
    assert "zero area" in refusal(mesh)


def test_corner_offsets_that_do_not_fit_are_refused():
    mesh = tetrahedron()
    assert "polygon corners" in refusal(replace(mesh, loop_starts=mesh.loop_starts[:-1]))


def test_some_flat_faces_and_loose_vertices_are_only_warned_of():
    mesh = tetrahedron()
    loose = np.concatenate([mesh.vertices, [[5.0, 5.0, 5.0]]]).astype(np.float32)
    flat = Mesh.from_polygons(loose, [*mesh.triangles().tolist(), [0, 1, 1]])
    warnings = check_mesh(flat)
    assert "1 of 5 faces have zero area" in warnings[0]
    assert "1 of 5 vertices belong to no face" in warnings[1]


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_length_makes_no_difference(scale):
    mesh = tetrahedron()
    assert check_mesh(replace(mesh, vertices=(mesh.vertices * scale).astype(np.float32))) == []
