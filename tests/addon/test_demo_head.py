"""Add Demo Head."""

import ast

import bpy
import numpy as np
import pytest
from mathutils import Vector

from mmtalker_addon.bridge import demo_head
from mmtalker_addon.engine.paths import find_vendor
from tests.addon.scenes import generate, jaw

pytestmark = pytest.mark.skipif(
    not demo_head.asset_path().is_file(), reason="the canonical head is not in this checkout"
)


def test_head_stands_upright_at_the_cursor_and_is_picked(scene):
    scene.cursor.location = (1.0, 2.0, 3.0)

    assert bpy.ops.mmtalker.add_demo_head() == {"FINISHED"}

    head = scene.mmtalker.head
    assert head == bpy.context.view_layer.objects.active
    assert tuple(head.location) == (1.0, 2.0, 3.0)
    assert head.data.shape_keys is None
    points = np.array([vertex.co for vertex in head.data.vertices])
    size = np.ptp(points, axis=0)
    assert 0.2 < size[2] < 0.3 and size[2] > size[0]  # metres, and taller than wide
    eyes = np.unique([i for p in head.data.polygons if material_of(head, p) == "pupil" for i in p.vertices])
    assert points[eyes, 1].mean() < points[:, 1].mean()  # it looks at the front view, along -y


def world_box(obj) -> tuple[np.ndarray, np.ndarray]:
    bpy.context.view_layer.update()
    corners = np.array([obj.matrix_world @ Vector(corner) for corner in obj.bound_box])
    return corners.min(axis=0), corners.max(axis=0)


def overlap(one, other) -> bool:
    (low, high), (other_low, other_high) = world_box(one), world_box(other)
    return bool(np.all(low < other_high) and np.all(other_low < high))


def test_head_is_beside_the_cube_of_the_default_scene(addon):
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    bpy.ops.mmtalker.add_demo_head()
    head, cube = bpy.context.scene.mmtalker.head, bpy.data.objects["Cube"]
    assert not overlap(head, cube)
    assert world_box(head)[1][1] < world_box(cube)[0][1]  # in front of it
    assert head.location.length < 2.0


def test_second_head_is_in_front_of_the_first(scene):
    bpy.ops.mmtalker.add_demo_head()
    first = scene.mmtalker.head
    bpy.ops.mmtalker.add_demo_head()
    assert not overlap(scene.mmtalker.head, first)


def test_head_stays_in_its_room(scene):
    bpy.ops.mesh.primitive_cube_add(size=10)
    bpy.ops.mmtalker.add_demo_head()
    assert tuple(scene.mmtalker.head.location) == (0.0, 0.0, 0.0)


def test_hidden_objects_take_no_place(scene):
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.hide_set(True)
    bpy.ops.mmtalker.add_demo_head()
    assert tuple(scene.mmtalker.head.location) == (0.0, 0.0, 0.0)


def material_of(head, polygon) -> str:
    return head.data.materials[polygon.material_index].name.removeprefix("Demo Head ")


def test_mesh_is_sound(scene):
    bpy.ops.mmtalker.add_demo_head()
    mesh = scene.mmtalker.head.data
    assert mesh.validate() is False  # nothing had to be repaired
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    assert len(mesh.uv_layers) == 1


def test_second_head_shares_the_materials(scene):
    bpy.ops.mmtalker.add_demo_head()
    bpy.ops.mmtalker.add_demo_head()
    assert len(bpy.data.materials) == 9


def test_materials_are_those_of_the_asset():
    """The backend's list cannot be imported beside bpy, so it is read."""
    source = (find_vendor() / "mmtalker" / "mesh" / "canonical.py").read_text(encoding="utf-8")
    names = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "MATERIALS"
    )
    assert names == tuple(demo_head._LOOKS)


def test_it_can_be_made_to_speak(scene, voice, worker):
    worker("good")
    bpy.ops.mmtalker.add_demo_head()
    scene.mmtalker.source = "FILE"
    scene.mmtalker.sound_file = str(voice)

    generate()

    assert len(jaw(scene.mmtalker.head)) == 49


def test_damaged_asset_is_told(scene, monkeypatch, tmp_path):
    broken = tmp_path / "canonical_head.npz"
    broken.write_bytes(b"PK not a zip")
    monkeypatch.setattr(demo_head, "asset_path", lambda: broken)
    with pytest.raises(RuntimeError, match="missing or damaged"):
        bpy.ops.mmtalker.add_demo_head()
    assert len(bpy.data.objects) == 0
