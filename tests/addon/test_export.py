"""A game engine's way: FBX and glTF with the exporters' defaults, read back by Blender's importers."""

import bpy
import numpy as np
import pytest

from tests.addon.scenes import add_strip, generate


@pytest.fixture
def exported(scene, head, voice, worker):
    """A head that speaks 73 frames from frame 10 on, in a scene that is shorter than that."""
    worker("good")
    scene.frame_start, scene.frame_end = 1, 30
    add_strip(scene, voice, frame=10)
    generate()
    return head


def key_curves() -> dict[str, np.ndarray]:
    """Shape-key curves of all Actions: data path to (keys, 2)."""
    layers = [layer for action in bpy.data.actions for layer in action.layers]
    bags = [bag for layer in layers for strip in layer.strips for bag in strip.channelbags]
    return {
        curve.data_path: np.array([point.co[:] for point in curve.keyframe_points])
        for bag in bags
        for curve in bag.fcurves
        if curve.data_path.startswith("key_blocks")
    }


def key_names() -> list[str]:
    return [block.name for keys in bpy.data.shape_keys for block in keys.key_blocks]


def test_fbx_holds_names_and_the_whole_take(exported, tmp_path):
    path = str(tmp_path / "head.fbx")
    bpy.ops.export_scene.fbx(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=path)

    assert key_names() == ["Basis", "jawOpen", "mouthClose"]
    jaw = key_curves()['key_blocks["jawOpen"].value']
    assert np.ptp(jaw[:, 0]) == pytest.approx(72, abs=1.0)  # three seconds at 24 fps
    assert jaw[:, 1].max() == pytest.approx(1.0, abs=0.02)
    assert jaw[:, 1].min() == pytest.approx(0.0, abs=0.02)
    assert [action.name for action in bpy.data.actions if "Speech hello" not in action.name] == []


def test_other_objects_of_an_fbx_do_not_get_the_take(exported, scene, tmp_path):
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.name = "Cube"
    cube.keyframe_insert("location", frame=1)
    path = str(tmp_path / "two.fbx")
    bpy.ops.export_scene.fbx(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=path)

    takes = {action.name for action in bpy.data.actions}
    assert not any(name.startswith("Cube") and "Speech" in name for name in takes), takes


def test_two_heads_of_an_fbx_get_their_own_takes(exported, scene, tmp_path):
    bpy.ops.mesh.primitive_ico_sphere_add()
    bpy.context.object.name = "Bea"
    generate()
    path = str(tmp_path / "two.fbx")
    bpy.ops.export_scene.fbx(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=path)

    takes = {action.name.split("|", 1)[1] for action in bpy.data.actions}
    assert takes == {"Anna|Speech hello", "Bea|Speech hello.001"}


def test_fbx_holds_the_take_of_every_part(exported, scene, tmp_path):
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "Teeth"
    bpy.context.view_layer.objects.active = exported
    bpy.ops.mmtalker.add_parts()
    generate()
    path = str(tmp_path / "parts.fbx")
    bpy.ops.export_scene.fbx(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=path)

    for name in ("Anna", "Teeth"):
        keys = bpy.data.objects[name].data.shape_keys
        assert [block.name for block in keys.key_blocks] == ["Basis", "jawOpen", "mouthClose"]
    takes = {action.name.split("|", 1)[1] for action in bpy.data.actions}
    assert takes == {"Anna|Speech hello.001", "Teeth|Speech hello.001"}  # not the one before


def test_gltf_holds_names_and_the_whole_take(exported, scene, tmp_path):
    pytest.importorskip("io_scene_gltf2")
    path = str(tmp_path / "head.glb")
    bpy.ops.export_scene.gltf(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.gltf(filepath=path)

    assert key_names()[1:] == ["jawOpen", "mouthClose"]
    jaw = key_curves()['key_blocks["jawOpen"].value']
    assert np.ptp(jaw[:, 0]) == pytest.approx(72, abs=1.0)
    assert jaw[:, 1].max() == pytest.approx(1.0, abs=0.02)
