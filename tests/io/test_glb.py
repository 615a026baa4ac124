"""Glb heads from an independent exporter, from by-hand documents, and damaged ones."""

from __future__ import annotations

import copy
import json
import struct
from typing import Any

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb import parse_glb
from mmtalker.mesh.mesh import Mesh
from tests.io.damage import survives_damage

POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 2]], dtype=np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])
Document = dict[str, Any]


def pack(document: Document, binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = (
        struct.pack("<II", len(text), 0x4E4F534A)
        + text
        + struct.pack("<II", len(binary), 0x004E4942)
        + binary
    )
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def document(index_type: tuple[int, str] = (5123, "<u2")) -> tuple[Document, bytes]:
    """Two triangles, one node, one primitive."""
    indices = TRIANGLES.astype(index_type[1]).tobytes()
    binary = POINTS.tobytes() + indices
    return {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": index_type[0], "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": len(indices)},
        ],
        "buffers": [{"byteLength": len(binary)}],
    }, binary


def read(made: tuple[Document, bytes]) -> Mesh:
    return parse_glb(pack(*made), "head.glb")


def refused(data: bytes) -> str:
    with pytest.raises(MMTalkerError) as caught:
        parse_glb(data, "head.glb")
    assert caught.value.code is ErrorCode.FILE_FORMAT
    assert "head.glb" in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("index_type", [(5121, "<u1"), (5123, "<u2"), (5125, "<u4")])
def test_indices_of_every_size_are_read(index_type: tuple[int, str]) -> None:
    mesh = read(document(index_type))
    assert mesh.vertices.tolist() == POINTS.tolist()
    assert mesh.loop_vertices.reshape(-1, 3).tolist() == TRIANGLES.tolist()
    assert mesh.loop_starts.tolist() == [0, 3, 6]


def test_triangles_without_indices_are_read_in_order() -> None:
    made, binary = document()
    del made["meshes"][0]["primitives"][0]["indices"]
    made["accessors"][0]["count"] = 3
    assert read((made, binary)).loop_vertices.tolist() == [0, 1, 2]


def test_interleaved_attributes_are_read_with_their_stride() -> None:
    made, binary = document()
    interleaved = np.hstack([POINTS, np.ones((4, 3), np.float32)]).tobytes()
    made["bufferViews"][0] = {"buffer": 0, "byteOffset": 0, "byteLength": 96, "byteStride": 24}
    made["bufferViews"][1]["byteOffset"] = 96
    mesh = read((made, interleaved + binary[48:]))
    assert mesh.vertices.tolist() == POINTS.tolist()


def test_a_sparse_accessor_changes_single_vertices() -> None:
    made, binary = document()
    made["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": 2, "componentType": 5123},
        "values": {"bufferView": 3},
    }
    made["bufferViews"] += [
        {"buffer": 0, "byteOffset": 60, "byteLength": 2},
        {"buffer": 0, "byteOffset": 64, "byteLength": 12},
    ]
    binary += struct.pack("<HH3f", 3, 0, 7.0, 8.0, 9.0)
    assert read((made, binary)).vertices[3].tolist() == [7.0, 8.0, 9.0]


def test_quantised_positions_are_scaled() -> None:
    made, binary = document()
    made["extensionsRequired"] = ["KHR_mesh_quantization"]
    made["accessors"][0] |= {"componentType": 5122, "normalized": True}
    made["bufferViews"][0]["byteStride"] = 8
    quantised = np.zeros((4, 4), dtype="<i2")
    quantised[1, 0] = 32767
    quantised[2, 1] = -32768
    mesh = read((made, quantised.tobytes() + bytes(16) + binary[48:]))
    assert mesh.vertices[1].tolist() == [1.0, 0.0, 0.0]
    assert mesh.vertices[2].tolist() == [0.0, -1.0, 0.0]


def test_primitives_that_share_positions_share_vertices() -> None:
    made, binary = document()
    made["meshes"][0]["primitives"] *= 2
    mesh = read((made, binary))
    assert mesh.vertex_count == 4
    assert mesh.face_count == 4


def test_lines_and_points_beside_triangles_are_passed_over() -> None:
    made, binary = document()
    made["meshes"][0]["primitives"].append({"attributes": {"POSITION": 0}, "mode": 1})
    assert read((made, binary)).face_count == 2


def test_nodes_place_their_meshes_parents_first() -> None:
    made, binary = document()
    made["nodes"] = [
        {"translation": [10, 0, 0], "children": [1, 2]},
        {"mesh": 0, "scale": [2, 2, 2], "rotation": [0, 0, np.sqrt(0.5), np.sqrt(0.5)]},
        {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 5, 1]},
    ]
    vertices = read((made, binary)).vertices
    assert vertices[:4] == pytest.approx(POINTS[:, [1, 0, 2]] * [-2, 2, 2] + [10, 0, 0], abs=1e-5)
    assert vertices[4:] == pytest.approx(POINTS + np.array([10, 0, 5]), abs=1e-5)


def test_mirroring_keeps_the_outside_outside() -> None:
    made, binary = document()
    made["nodes"][0]["scale"] = [-1, 1, 1]
    assert read((made, binary)).loop_vertices.tolist() == [2, 1, 0, 3, 2, 0]


def test_a_skinned_mesh_comes_in_its_bind_pose() -> None:
    made, binary = document()
    made["nodes"][0] |= {"skin": 0, "translation": [9, 9, 9]}
    assert read((made, binary)).vertices.tolist() == POINTS.tolist()


def test_an_independent_exporters_scene_is_read(sphere: Mesh) -> None:
    trimesh = pytest.importorskip("trimesh")
    body = trimesh.Trimesh(sphere.vertices, sphere.triangles(), process=False)
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(0.7, [1, 2, 3], [4, 5, 6])
    scene.add_geometry(body, transform=turn)

    mesh = parse_glb(scene.export(file_type="glb"), "head.glb")

    assert mesh.vertices == pytest.approx(sphere.vertices @ turn[:3, :3].T + turn[:3, 3], abs=1e-4)
    assert mesh.triangles().tolist() == sphere.triangles().tolist()


def test_a_compressed_file_says_what_to_do() -> None:
    made, binary = document()
    made["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    assert "Export it again without compression" in refused(pack(made, binary))


def broken(**changes: Any) -> bytes:
    made, binary = document()
    for path, value in changes.items():
        *parents, last = path.split("__")
        place: Any = made
        for key in parents:
            place = place[int(key) if key.isdigit() else key]
        place[int(last) if last.isdigit() else last] = value
    return pack(made, binary)


@pytest.mark.parametrize(
    "changes",
    [
        {"accessors__0__count": 10**15},
        {"accessors__0__count": -1},
        {"accessors__0__count": 4.0},
        {"accessors__0__count": True},
        {"accessors__0__byteOffset": 4},
        {"accessors__0__type": "VEC4"},
        {"accessors__0__type": "MAT3"},
        {"accessors__0__componentType": 5130},
        {"accessors__0__componentType": []},
        {"accessors__0__bufferView": -1},
        {"accessors__0": {"componentType": 5126, "count": 10**12, "type": "VEC3"}},
        {"accessors__0__sparse": {"count": 1}},
        {"accessors__1__count": 5},
        {"accessors__1__componentType": 5126},
        {"bufferViews__0__byteLength": 10**12},
        {"bufferViews__0__byteStride": 4},
        {"bufferViews__1__byteOffset": 12},
        {"buffers__0__uri": "head.bin"},
        {"meshes__0__primitives__0__attributes": {}},
        {"meshes__0__primitives__0__indices": 7},
        {"meshes__0__primitives__0__mode": 5},
        {"meshes__0__primitives": []},
        {"meshes": {}},
        {"nodes__0__children": [0]},
        {"nodes__0__mesh": "0"},
        {"nodes__0__matrix": [1, 2, 3]},
        {"nodes__0__rotation": ["a", 0, 0, 1]},
        {"scene": 3},
        {"scenes__0__nodes": []},
        {"extensionsRequired": 5},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_document_that_breaks_the_rules_is_refused(changes: dict[str, Any]) -> None:
    refused(broken(**changes))


def test_a_file_cut_anywhere_is_refused() -> None:
    data = pack(*document())
    for length in range(1, len(data)):
        refused(data[:length])


def test_another_version_and_no_glb_at_all_are_refused() -> None:
    data = bytearray(pack(*document()))
    data[4] = 1
    assert "glTF version 1" in refused(bytes(data))
    assert "not a binary glTF" in refused(b"{}" * 20)


def test_random_damage_is_a_mesh_or_a_sentence() -> None:
    survives_damage(
        lambda data: parse_glb(data, "head.glb"), pack(*document()), 1500, 3, np.random.default_rng(0)
    )


def test_random_values_in_the_document_are_a_mesh_or_a_sentence() -> None:
    rng = np.random.default_rng(0)
    strange = [None, -1, 0, 1, 2, 3, 1e9, 10**12, "x", [], {}, [0], [[]], True, float("1e308")]
    made, binary = document()

    def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        keys = (
            value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        return [p for key in keys for p in [(*path, key), *places(value[key], (*path, key))]]

    for path in places(made):
        for value in [strange[i] for i in rng.permutation(len(strange))]:
            changed = copy.deepcopy(made)
            place: Any = changed
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value
            try:
                parse_glb(pack(changed, binary), "head.glb")
            except MMTalkerError as error:
                assert error.code is ErrorCode.FILE_FORMAT
