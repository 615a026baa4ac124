"""The talking head, read back by readers that are not ours."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmtalker.animation import Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb import parse_glb
from mmtalker.io.glb_accessor import GltfDocument
from mmtalker.io.glb_animation import write_glb
from mmtalker.io.glb_container import split_glb
from mmtalker.mesh.mesh import Mesh

pygltflib = pytest.importorskip("pygltflib")


@pytest.fixture
def path(animation: Animation, tmp_path: Path) -> Path:
    write_glb(animation, tmp_path / "head.glb")
    return tmp_path / "head.glb"


def plain(gltf: Any, view: int, dtype: str, shape: tuple[int, ...], offset: int = 0) -> np.ndarray:
    """Data of a buffer view, cut out by hand from pygltflib's blob."""
    start = gltf.bufferViews[view].byteOffset + offset
    return np.frombuffer(gltf.binary_blob(), dtype, int(np.prod(shape)), start).reshape(shape)


def values(gltf: Any, index: int) -> np.ndarray:
    """Float values of an accessor, sparse or not."""
    accessor = gltf.accessors[index]
    width = {"SCALAR": 1, "VEC3": 3}[accessor.type]
    if accessor.bufferView is not None:
        return plain(gltf, accessor.bufferView, "<f4", (accessor.count, width))
    sparse, result = accessor.sparse, np.zeros((accessor.count, width), np.float32)
    kind = {5123: "<u2", 5125: "<u4"}[sparse.indices.componentType]
    where = plain(gltf, sparse.indices.bufferView, kind, (sparse.count,))
    assert (np.diff(where.astype(int)) > 0).all()
    result[where] = plain(gltf, sparse.values.bufferView, "<f4", (sparse.count, width))
    return result


def test_an_independent_reader_finds_head_names_shapes_and_curves(path: Path, animation: Animation) -> None:
    gltf = pygltflib.GLTF2().load(path)
    mesh = gltf.meshes[0]
    primitive = mesh.primitives[0]

    assert mesh.extras["targetNames"] == list(animation.names)
    assert mesh.weights == [0.0] * 53
    assert np.array_equal(values(gltf, primitive.attributes.POSITION), animation.mesh.vertices)
    indices = gltf.accessors[primitive.indices]
    corners = plain(gltf, indices.bufferView, "<u2", (indices.count // 3, 3))
    assert np.array_equal(corners, animation.mesh.triangles())
    for target, shape in zip(primitive.targets, animation.shapes, strict=True):
        assert values(gltf, target["POSITION"]) == pytest.approx(shape, abs=1e-3)

    (clip,) = gltf.animations
    (channel,), (sampler,) = clip.channels, clip.samplers
    assert (channel.target.node, channel.target.path, sampler.interpolation) == (0, "weights", "LINEAR")
    assert values(gltf, sampler.input)[:, 0] == pytest.approx(np.arange(48) / 24.0)
    assert np.array_equal(values(gltf, sampler.output).reshape(48, 53), animation.curves)


def test_the_rules_of_the_format_are_kept(path: Path) -> None:
    data = path.read_bytes()
    gltf = pygltflib.GLTF2().load(path)
    assert len(data) % 4 == 0
    assert int.from_bytes(data[8:12], "little") == len(data)
    for view in gltf.bufferViews:
        assert view.byteOffset % 4 == 0
        assert view.byteOffset + view.byteLength <= gltf.buffers[0].byteLength == len(gltf.binary_blob())
    primitive = gltf.meshes[0].primitives[0]
    bounded = [primitive.attributes.POSITION, gltf.animations[0].samplers[0].input]
    for index in [*bounded, *(target["POSITION"] for target in primitive.targets)]:
        accessor = gltf.accessors[index]
        assert accessor.min == values(gltf, index).min(axis=0).tolist()
        assert accessor.max == values(gltf, index).max(axis=0).tolist()
    lengths = np.linalg.norm(values(gltf, primitive.attributes.NORMAL), axis=1)
    assert lengths == pytest.approx(np.ones_like(lengths), abs=1e-5)
    for target in primitive.targets:
        sparse = gltf.accessors[target["POSITION"]].sparse
        if sparse is not None:  # such views may have no target of their own
            assert gltf.bufferViews[sparse.indices.bufferView].target is None
            assert gltf.bufferViews[sparse.values.bufferView].target is None


def test_trimesh_sees_the_head(path: Path, animation: Animation) -> None:
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.load(io.BytesIO(path.read_bytes()), file_type="glb", process=False)
    (body,) = scene.geometry.values()
    assert np.array_equal(body.vertices, animation.mesh.vertices)
    assert np.array_equal(body.faces, animation.mesh.triangles())


def test_normals_point_outwards(path: Path, animation: Animation) -> None:
    gltf = pygltflib.GLTF2().load(path)
    normals = values(gltf, gltf.meshes[0].primitives[0].attributes.NORMAL)
    outwards = animation.mesh.vertices / 10.0
    assert np.abs((normals * outwards).sum(axis=1)).min() > 0.95


def test_a_shape_that_moves_little_of_the_head_costs_little(path: Path, animation: Animation) -> None:
    document, _ = split_glb(path.read_bytes(), "head.glb")
    accessors, targets = document["accessors"], document["meshes"][0]["primitives"][0]["targets"]
    of = {name: accessors[target["POSITION"]] for name, target in zip(animation.names, targets, strict=True)}
    moved = np.count_nonzero(animation.shapes[animation.names.index("jawOpen")].any(axis=1))
    assert of["jawOpen"]["sparse"]["count"] == moved
    assert of["tongueOut"]["sparse"]["count"] == 1  # none at all, and one is the least there can be
    assert "sparse" not in of["mmt_detail_01"]


def test_our_own_reader_reads_the_head_and_its_targets(path: Path, animation: Animation) -> None:
    mesh = parse_glb(path.read_bytes(), "head.glb")
    assert np.array_equal(mesh.vertices, animation.mesh.vertices)
    document, binary = split_glb(path.read_bytes(), "head.glb")
    target = document["meshes"][0]["primitives"][0]["targets"][17]["POSITION"]
    assert np.array_equal(GltfDocument(document, binary, "head.glb").accessor(target), animation.shapes[17])


def test_a_large_head_uses_wide_indices(animation: Animation, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(70_000, 3)).astype(np.float32)
    mesh = Mesh.from_polygons(vertices, [[0, 69_998, 69_999]])
    shapes = np.zeros((1, 70_000, 3), np.float32)
    shapes[0, 69_999] = 1.0
    large = replace(
        animation,
        names=("jawOpen",),
        curves=animation.curves[:, :1],
        raw=animation.raw[:, :1],
        mesh=mesh,
        shapes=shapes,
    )
    write_glb(large, tmp_path / "large.glb")
    gltf = pygltflib.GLTF2().load(tmp_path / "large.glb")
    primitive = gltf.meshes[0].primitives[0]
    assert plain(gltf, gltf.accessors[primitive.indices].bufferView, "<u4", (3,)).tolist() == [
        0,
        69_998,
        69_999,
    ]
    assert np.array_equal(values(gltf, primitive.targets[0]["POSITION"]), shapes[0])


def test_a_clip_without_frames_is_a_head_without_animation(animation: Animation, tmp_path: Path) -> None:
    write_glb(replace(animation, curves=animation.curves[:0]), tmp_path / "still.glb")
    gltf = pygltflib.GLTF2().load(tmp_path / "still.glb")
    assert gltf.animations == []
    assert len(gltf.meshes[0].primitives[0].targets) == 53


def test_a_head_without_faces_is_refused(animation: Animation, tmp_path: Path) -> None:
    empty = Mesh(animation.mesh.vertices, np.zeros(0, np.int32), np.zeros(1, np.int32))
    with pytest.raises(MMTalkerError, match="no faces") as caught:
        write_glb(replace(animation, mesh=empty), tmp_path / "none.glb")
    assert caught.value.code is ErrorCode.FILE_FORMAT
    assert list(tmp_path.iterdir()) == []
