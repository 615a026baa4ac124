"""Add Demo Head."""

import ast

import bpy
import numpy as np
import pytest

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
