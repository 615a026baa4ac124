"""A game engine's way: FBX and glTF with the exporters' defaults, read back by Blender's importers."""

import bpy
import numpy as np
import pytest

from mmtalker_addon.ops import runs
from tests.addon.scenes import add_strip, generate
from tests.addon.test_panel import MMTALKER_PT_main, drawn


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


def exported_shapes(path, **options) -> dict[str, list[str]]:
    """Names of the shape keys of each object that an FBX holds; the scene is that of the FBX afterwards."""
    bpy.ops.export_scene.fbx(filepath=str(path), **options)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    meshes = [obj for obj in bpy.data.objects if obj.type == "MESH"]
    return {
        obj.name: [b.name for b in obj.data.shape_keys.key_blocks] for obj in meshes if obj.data.shape_keys
    }


def add_modifier(obj, kind):
    modifier = obj.modifiers.new(kind.title(), kind)
    if kind == "MULTIRES":
        with bpy.context.temp_override(object=obj):
            bpy.ops.object.multires_subdivide(modifier=modifier.name)
    return modifier


ALL_KEYS = ["Basis", "jawOpen", "mouthClose"]
MODIFIERS = ["SUBSURF", "MULTIRES", "SMOOTH", "TRIANGULATE"]


@pytest.mark.parametrize("kind", MODIFIERS)
def test_what_an_fbx_would_lose_is_told_before_and_after(speaking, kind):
    add_modifier(speaking, kind)
    said = f"A default FBX export applies modifiers and loses all shape keys by that ({kind.title()} of Anna)"
    assert said in " ".join(drawn(MMTALKER_PT_main))
    generate()
    assert any(said in warning for warning in runs.last().warnings)


@pytest.mark.parametrize("kind", MODIFIERS)
def test_the_exporter_loses_what_is_told(speaking, kind, tmp_path):
    add_modifier(speaking, kind)
    generate()
    assert exported_shapes(tmp_path / "lost.fbx") == {}


@pytest.mark.parametrize("kind", MODIFIERS)
def test_prepared_head_keeps_shapes_and_take_in_a_default_export(speaking, kind, tmp_path):
    add_modifier(speaking, kind)
    bpy.ops.mesh.primitive_cube_add()
    teeth = bpy.context.object
    teeth.name = "Teeth"
    add_modifier(teeth, "SUBSURF")
    bpy.context.scene.mmtalker.head = speaking
    speaking.mmtalker_parts.add().object = teeth
    generate()

    assert bpy.ops.mmtalker.prepare_fbx() == {"FINISHED"}

    text = " ".join(drawn(MMTALKER_PT_main))
    assert "loses all shape keys" not in text and "mmtalker.bring_back_modifiers" in text
    assert exported_shapes(tmp_path / "kept.fbx") == {"Anna": ALL_KEYS, "Teeth": ALL_KEYS}
    jaw = key_curves()['key_blocks["jawOpen"].value']
    assert jaw[:, 1].max() == pytest.approx(1.0, abs=0.02)


def test_modifiers_come_back_as_they_were(speaking):
    subdivision, smooth = add_modifier(speaking, "SUBSURF"), add_modifier(speaking, "SMOOTH")
    subdivision.levels, subdivision.show_viewport = 3, False
    smooth.factor = 0.25
    armature = speaking.modifiers.new("Armature", "ARMATURE")
    off = speaking.modifiers.new("Off", "CAST")
    off.show_viewport = off.show_render = False

    bpy.ops.mmtalker.prepare_fbx()
    assert not (subdivision.show_render or smooth.show_viewport or smooth.show_render)
    assert armature.show_viewport and armature.show_render
    subdivision.name = "Renamed"
    bpy.ops.mmtalker.bring_back_modifiers()

    assert [(m.name, m.show_viewport, m.show_render) for m in speaking.modifiers] == [
        ("Renamed", False, True),
        ("Smooth", True, True),
        ("Armature", True, True),
        ("Off", False, False),
    ]
    assert (subdivision.levels, smooth.factor) == (3, 0.25)
    assert not bpy.ops.mmtalker.bring_back_modifiers.poll()


def test_preparing_is_one_undo_step(speaking):
    add_modifier(speaking, "SUBSURF")
    bpy.ops.ed.undo_push(message="Modifier")
    bpy.ops.mmtalker.prepare_fbx()
    bpy.ops.ed.undo_push(message="Prepared")
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")
    modifier = bpy.data.objects["Anna"].modifiers[0]
    assert modifier.show_viewport and modifier.show_render


def test_head_without_such_modifiers_is_left_in_peace(speaking):
    speaking.modifiers.new("Armature", "ARMATURE")
    generate()
    text = " ".join((*drawn(MMTALKER_PT_main), *runs.last().warnings))
    assert "FBX" not in text and "mmtalker.prepare_fbx" not in text
    assert not bpy.ops.mmtalker.prepare_fbx.poll()
