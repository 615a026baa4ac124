"""Generate from a sound file: what appears on the head, and what an artist had there before."""

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import action as actions
from mmtalker_addon.bridge import backend
from mmtalker_addon.core.record import ACTION_TAG, decode_record
from mmtalker_addon.ops import runs
from tests.addon.scenes import add_strip, curves, generate, jaw, jaw_at


def test_head_gets_keys_and_an_action(speaking):
    generate()

    keys = speaking.data.shape_keys
    assert [block.name for block in keys.key_blocks] == ["Basis", "jawOpen", "mouthClose"]
    assert keys.key_blocks["jawOpen"].value == 0.0
    basis, opened = (np.array([p.co for p in block.points]) for block in keys.key_blocks[:2])
    assert np.allclose(opened - basis, [0.0, 0.0, -0.1], atol=1e-6)
    frames, values = jaw(speaking).T
    assert list(frames) == list(range(1, 50))  # the fake hears two seconds; at 24 fps, both ends included
    assert np.allclose(values, jaw_at((frames - 1) / 24), atol=1e-5)


def test_speech_plays(speaking, scene):
    generate()

    scene.frame_set(13)  # half a second in: wide open
    evaluated = speaking.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert evaluated.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(1.0, abs=1e-4)


def test_result_is_told(speaking):
    generate()

    outcome = runs.last()
    assert "Anna speaks for 49 frames. Shape keys: 2 new." in outcome.message
    assert outcome.warnings[:2] == ("A warning of the head.", "And one more.")


def test_action_keeps_the_raw_curves(speaking):
    generate()

    record = decode_record(speaking.data.shape_keys.animation_data.action[ACTION_TAG])
    assert record.names == ("jawOpen", "mouthClose")
    assert (record.first_frame, record.frames, record.head) == (1, 49, "Anna")
    assert record.raw.shape == (100, 2)


def test_own_shape_keys_are_driven_and_not_overwritten(speaking):
    speaking.shape_key_add(name="Basis")
    own = speaking.shape_key_add(name="jawOpen")
    own.value = 0.25
    sculpted = np.array([[0.0, 0.0, 7.0]] * len(own.points), dtype=np.float32)
    own.points.foreach_set("co", sculpted.ravel())
    speaking.active_shape_key_index = 1

    generate()

    blocks = speaking.data.shape_keys.key_blocks
    assert [block.name for block in blocks] == ["Basis", "jawOpen", "mouthClose"]
    assert np.allclose([point.co for point in blocks["jawOpen"].points], sculpted)
    assert speaking.active_shape_key_index == 1
    assert 'key_blocks["jawOpen"].value' in curves(speaking)
    assert "Shape keys: 1 new, 1 of your own." in runs.last().message


def test_sliders_are_widened_only_where_a_curve_needs_it(speaking):
    speaking.shape_key_add(name="Basis")
    narrow = speaking.shape_key_add(name="jawOpen")
    narrow.slider_max = 0.5
    wide = speaking.shape_key_add(name="mouthClose")
    wide.slider_min, wide.slider_max = -2.0, 3.0

    generate()

    assert (narrow.slider_min, narrow.slider_max) == (0.0, 1.0)
    assert (wide.slider_min, wide.slider_max) == (-2.0, 3.0)


def test_artists_action_keeps_playing_below(speaking, scene):
    speaking.shape_key_add(name="Basis")
    smile, jaw_key = speaking.shape_key_add(name="smile"), speaking.shape_key_add(name="jawOpen")
    for frame, value in ((1.5, 0.2), (100.5, 0.8)):
        for block in (smile, jaw_key):
            block.value = value
            block.keyframe_insert("value", frame=frame)
    own = speaking.data.shape_keys.animation_data.action
    scene.frame_set(60)
    smile_before = smile.value
    scene.frame_set(90)
    jaw_before = jaw_key.value

    generate()

    data = speaking.data.shape_keys.animation_data
    assert data.action != own
    assert own.use_fake_user
    assert [strip.action for track in data.nla_tracks for strip in track.strips] == [own]
    scene.frame_set(60)
    assert smile.value == pytest.approx(smile_before, abs=1e-5)
    scene.frame_set(13)
    assert jaw_key.value == pytest.approx(1.0, abs=1e-4)
    scene.frame_set(90)  # after the clip the artist's own curve plays again
    assert jaw_key.value == pytest.approx(jaw_before, abs=1e-5)


def test_action_of_the_object_is_never_replaced(speaking, scene):
    speaking.location.x = 1.0
    speaking.keyframe_insert("location", frame=1)
    own = speaking.animation_data.action

    generate()

    assert speaking.animation_data.action == own
    assert list(speaking.keys()) == []
    assert any("FBX" in warning for warning in runs.last().warnings)
    assert len(jaw(speaking)) == 49


def test_second_speech_plays_and_the_first_stays_in_the_file(speaking, tmp_path):
    generate()
    first = actions.current_take(speaking)
    played = jaw(speaking)

    generate()

    second = actions.current_take(speaking)
    assert second != first and speaking.animation_data.action == second
    assert len(speaking.data.shape_keys.animation_data.nla_tracks) == 0
    assert "The speech before it is kept as the Action Speech hello." in runs.last().message
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "two.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "two.blend"))
    head = bpy.data.objects["Anna"]
    kept = bpy.data.actions["Speech hello"]
    data = head.data.shape_keys.animation_data
    data.action, data.action_slot = kept, next(s for s in kept.slots if s.target_id_type == "KEY")
    assert np.array_equal(jaw(head), played)


def test_every_speech_of_a_head_is_kept(speaking):
    for _ in range(3):
        generate()
    assert len(bpy.data.actions) == 3
    assert [action.users > 0 for action in bpy.data.actions] == [True] * 3


def test_number_of_a_take_is_never_one_of_an_older_action(speaking):
    """Blender's FBX exporter gives an object every Action whose paths it can follow."""
    generate()
    first = next(name for name in speaking.keys() if "take" in name)  # noqa: SIM118 (not a dict)
    del speaking[first]
    generate()
    assert first not in speaking.keys()  # noqa: SIM118


def test_mesh_that_two_objects_share(speaking):
    twin = bpy.data.objects.new("Twin", speaking.data)
    bpy.context.collection.objects.link(twin)

    generate()
    bpy.context.scene.mmtalker.head = twin
    generate()

    assert len(bpy.data.actions) == 2
    assert speaking.animation_data.action is None
    assert twin.animation_data.action == twin.data.shape_keys.animation_data.action


def test_modifiers_are_left_alone(speaking):
    speaking.modifiers.new("Smooth", "SUBSURF")

    generate()

    assert [modifier.type for modifier in speaking.modifiers] == ["SUBSURF"]
    assert len(speaking.data.vertices) == 42


@pytest.mark.parametrize(("before", "after"), [(20, 49), (250, 250)])
def test_scene_grows_to_hold_a_file_and_never_shrinks(speaking, scene, before, after):
    scene.frame_end = before

    generate()

    assert scene.frame_end == after


def test_scene_grows_to_hold_a_strip_and_it_is_said(scene, head, voice, worker):
    worker("good")
    scene.frame_end = 40
    add_strip(scene, voice, frame=30)

    generate()

    assert scene.frame_end == jaw(head)[-1, 0] == 102
    assert "The scene now ends with it, at frame 102." in runs.last().message


def test_speech_beyond_the_last_frame_of_any_scene_is_told(scene, head, voice, worker):
    worker("good")
    add_strip(scene, voice, frame=1_048_560)

    generate()

    assert any("no scene of Blender's can be longer" in warning for warning in runs.last().warnings)


def test_file_starts_where_the_scene_starts(speaking, scene):
    scene.frame_start = 101

    generate()

    assert jaw(speaking)[0, 0] == 101


def test_name_that_needs_quoting_is_driven(speaking, monkeypatch):
    """A channel's name becomes part of a data path, where quotes and backslashes have a meaning."""
    from mmtalker_addon.bridge import keys

    block_name = 'odd "name" \\ here'
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name=block_name)

    resolved = speaking.data.shape_keys.path_resolve(keys.value_path(block_name))

    assert resolved == pytest.approx(speaking.data.shape_keys.key_blocks[block_name].value)


def test_driver_on_a_key_is_told(speaking):
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name="jawOpen").driver_add("value")

    generate()

    assert any("follow it and not the speech: jawOpen" in warning for warning in runs.last().warnings)


def test_file_is_saved_and_loaded_whole(speaking, tmp_path):
    generate()
    before = {path: pairs.tolist() for path, pairs in curves(speaking).items()}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "speech.blend"))

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "speech.blend"))

    head = bpy.data.objects["Anna"]
    assert {path: pairs.tolist() for path, pairs in curves(head).items()} == before
    assert actions.is_ours(head.animation_data.action)
    assert decode_record(actions.current_take(head)[ACTION_TAG]).raw.shape == (100, 2)
    assert bpy.context.scene.mmtalker.sound_file.endswith("hello.wav")


def test_active_mesh_can_be_made_the_head(speaking, scene):
    assert bpy.ops.mmtalker.use_active() == {"FINISHED"}
    assert scene.mmtalker.head == speaking
    bpy.ops.object.camera_add()
    assert not bpy.ops.mmtalker.use_active.poll()


def test_log_can_be_shown_once_there_is_one(speaking):
    while (old := backend.latest_log()) is not None:
        old.unlink()
    assert not bpy.ops.mmtalker.show_log.poll()
    generate()
    assert bpy.ops.mmtalker.show_log.poll()
    assert "fake worker: good" in backend.latest_log().read_text()
