"""Whatever is wrong, Generate says so in a sentence and changes nothing."""

import os
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from mmtalker_addon import compat
from mmtalker_addon.bridge import backend, sound
from mmtalker_addon.ops import runs
from mmtalker_addon.ops.generate import generate_disabled_reason
from tests.addon.scenes import add_strip, generate, jaw, put_into_meta, refusal, snapshot


@pytest.fixture
def unchanged():
    """Whatever the test does must leave the file as it was when this is called."""
    taken = []
    yield lambda: taken.append(snapshot())
    assert snapshot() == taken[0]


def reason() -> str:
    return generate_disabled_reason(bpy.context)


def test_no_head(scene, worker):
    worker()
    assert "There is no head" in reason()
    assert not bpy.ops.mmtalker.generate.poll()


def test_active_object_is_no_mesh(scene, worker):
    worker()
    bpy.ops.object.camera_add()
    assert "There is no head" in reason()


def test_active_mesh_among_several_is_meant(speaking, scene):
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "Cube"
    speaking.select_set(True)
    generate()
    assert bpy.data.objects["Cube"].data.shape_keys is not None
    assert speaking.data.shape_keys is None


def test_several_meshes_and_none_active(speaking, scene):
    bpy.ops.mesh.primitive_cube_add()
    speaking.select_set(True)
    bpy.context.view_layer.objects.active = None
    assert "2 meshes are selected and none is active" in reason()


def test_picked_head_of_another_scene(speaking, scene):
    other = bpy.data.objects.new("Far", speaking.data)
    bpy.data.scenes.new("Other").collection.objects.link(other)
    scene.mmtalker.head = other
    assert "Far is not in this scene" in reason()


def test_mesh_without_vertices(speaking):
    speaking.data = bpy.data.meshes.new("Nothing")
    assert "has no vertices" in reason()


def test_mesh_without_faces(speaking):
    mesh = bpy.data.meshes.new("Points")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0)], [(0, 1)], [])
    speaking.data = mesh
    assert "has no faces" in reason()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_vertex_that_is_no_number(speaking, unchanged, value):
    unchanged()
    speaking.data.vertices.foreach_set("co", np.full(42 * 3, value, dtype=np.float32))
    assert "not usable numbers" in refusal()
    assert runs.last().message in refusal()


def test_infinity_that_blender_made_its_largest_number(speaking, unchanged):
    unchanged()
    speaking.data.vertices[7].co.x = float("inf")
    assert speaking.data.vertices[7].co.x == np.finfo(np.float32).max
    assert "1 of the 42 vertices of 'Anna' have coordinates that are not usable numbers" in refusal()


def test_edit_mode(speaking):
    bpy.ops.object.mode_set(mode="EDIT")
    assert "is in Edit Mode" in reason()
    bpy.ops.object.mode_set(mode="OBJECT")


def test_edit_mode_of_another_mesh(speaking, scene):
    scene.mmtalker.head = speaking
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    assert reason() == "Switch to Object Mode first."
    bpy.ops.object.mode_set(mode="OBJECT")


def test_absolute_shape_keys(speaking):
    speaking.shape_key_add(name="Basis")
    speaking.data.shape_keys.use_relative = False
    assert "absolute shape keys" in reason()


def test_linked_head(speaking, scene, tmp_path):
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {speaking})
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Anna"]
    linked = wanted.objects[0]
    scene.collection.objects.link(linked)
    scene.mmtalker.head = linked
    assert "is linked from another file" in reason()
    override = linked.override_create(remap_local_usages=True)
    scene.mmtalker.head = override
    assert "library" in reason() or "linked" in reason()


def test_missing_file(speaking, scene):
    scene.mmtalker.sound_file = "/nowhere/voice.wav"
    assert "The sound file /nowhere/voice.wav does not exist" in refusal()


def test_no_file(speaking, scene):
    scene.mmtalker.sound_file = ""
    assert reason() == "There is no sound file: pick one."


def test_panel_never_looks_at_the_place_that_a_file_names(speaking, scene, monkeypatch):
    """A stranger's .blend may name a folder of the network, and a panel is drawn many times a second."""
    looked = []
    stat = os.stat

    def noted(path, *args, **kwargs):
        looked.append(str(path))
        return stat(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", noted)
    scene.mmtalker.sound_file = "/nowhere/voice.wav"
    assert generate_disabled_reason(bpy.context) == ""
    assert not [path for path in looked if "nowhere" in path]
    assert "does not exist" in refusal()
    assert [path for path in looked if "nowhere" in path], "this test would see it"


def test_empty_file(speaking, scene, tmp_path):
    empty = tmp_path / "empty.wav"
    empty.touch()
    scene.mmtalker.sound_file = str(empty)
    assert "empty.wav is empty" in refusal()


def test_folder_for_a_file(speaking, scene, tmp_path):
    scene.mmtalker.sound_file = str(tmp_path)
    assert "is a folder" in refusal()


def test_relative_file_beside_a_file_never_saved(speaking, scene):
    scene.mmtalker.sound_file = "//voice.wav"
    assert "was never saved" in reason()


@pytest.fixture
def strip(scene, head, voice, worker):
    worker()
    return add_strip(scene, voice)


def test_no_strip(scene, head, worker):
    worker()
    assert "has no sound strip" in reason()


def test_strip_picked_and_then_deleted(scene, strip):
    scene.mmtalker.strip = "gone"
    assert "There is no sound strip named gone" in reason()


def test_many_strips_and_none_picked(scene, strip, voice):
    add_strip(scene, voice, frame=200)
    scene.sequence_editor.active_strip = None
    assert reason() == "There are 2 sound strips: pick one."


def test_muted_strip(strip):
    strip.mute = True
    assert f"The strip {strip.name} is muted" in reason()


def test_muted_channel(scene, strip):
    scene.sequence_editor.channels[strip.channel].mute = True
    assert "is muted" in reason()


def test_muted_meta_strip(scene, strip):
    put_into_meta(scene, strip).mute = True
    assert "is muted" in reason()


def test_retimed_strip(scene, strip, monkeypatch):
    """A stand-in for the strip: adding a retiming key from Python can crash Blender 4.5 and 5.2."""
    times = compat.strip_times(strip)
    monkeypatch.setattr(compat, "strip_times", lambda _: times)
    retimed = SimpleNamespace(
        name="hello", mute=False, channel=1, sound=strip.sound, retiming_keys=[object(), object()]
    )
    retimed.parent_meta = lambda: None
    assert "is retimed" in sound.strip_problem(scene, retimed)


def test_strip_whose_file_is_gone(strip, voice):
    voice.unlink()
    assert "does not exist" in refusal()


def test_strip_that_shows_nothing_of_its_sound(scene, strip, unchanged):
    unchanged()
    strip.sound_offset = 60.0
    assert "cannot be spoken" in refusal()


def test_another_rate_in_the_sequencers_scene(scene, strip, voice):
    if not hasattr(bpy.context.workspace, "sequencer_scene"):
        pytest.skip("since Blender 5.0")
    edit = bpy.data.scenes.new("Edit")
    add_strip(edit, voice)
    edit.render.fps = 30
    bpy.context.workspace.sequencer_scene = edit
    assert "different frame rates" in reason()


def test_no_backend(speaking, monkeypatch, tmp_path):
    monkeypatch.setenv("MMTALKER_BACKEND_PYTHON", str(tmp_path / "none"))
    assert "cannot be run" in reason()


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("exit_at_start", "Try again"),
        ("exit_in_generate", "Try again"),
        ("kill_in_generate", "memory ran out"),
        ("cut_frame", "Try again"),
        ("garbage", "Try again"),
        ("close_output", "Try again"),
        ("old_version", "Install the extension again"),
        ("no_head", "This is no head. Choose another mesh."),
        ("nan", "cannot be used"),
        ("wrong_shapes", "cannot be used"),
        ("no_curves", "cannot be used"),
    ],
)
def test_worker_that_fails(speaking, worker, unchanged, mode, sentence):
    unchanged()
    worker(mode)

    message = refusal()

    assert sentence in message
    assert runs.last().message in message
    assert runs.current() is None


def test_worker_that_hangs(speaking, worker, unchanged, monkeypatch):
    unchanged()
    worker("hang_in_generate")
    monkeypatch.setattr(backend, "SILENCE_LIMIT", 0.5)
    assert "gave no sign of life" in refusal()


def test_next_press_works_after_a_crash(speaking, worker):
    worker("kill_in_generate")
    refusal()
    worker("good")
    generate()
    assert len(jaw(speaking)) == 49


@pytest.mark.skipif(os.name != "posix", reason="needs a program that is a script")
def test_worker_that_cannot_start(speaking, monkeypatch, tmp_path, unchanged):
    unchanged()
    broken = tmp_path / "python"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    monkeypatch.setenv("MMTALKER_BACKEND_PYTHON", str(broken))
    assert "backend" in refusal()


def test_error_while_keys_are_written_takes_them_back(speaking, unchanged, monkeypatch):
    """Out of memory in the middle, for one."""
    from mmtalker_addon.bridge import action

    unchanged()

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(action, "pack_keys", fail)
    with pytest.raises(RuntimeError):
        bpy.ops.mmtalker.generate()
    assert speaking.data.shape_keys is None
    assert runs.current() is None
