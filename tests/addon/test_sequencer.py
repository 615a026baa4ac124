"""A sound file is heard where it speaks: its strip in the sequencer."""

import shutil

import bpy
import pytest

from mmtalker_addon.bridge.sound import sound_strips
from mmtalker_addon.compat import strip_times
from mmtalker_addon.ops import runs
from tests.addon.scenes import add_strip, generate, put_into_meta, strips


def test_file_gets_a_strip_where_the_speech_begins(speaking, scene, voice):
    scene.frame_start = 101

    generate()

    (strip,) = sound_strips(scene)
    assert (strip.name, strip.channel, strip_times(strip).left) == ("hello.wav", 1, 101)
    assert bpy.path.abspath(strip.sound.filepath) == str(voice)


def test_how_the_artist_plays_is_left_alone(speaking, scene):
    generate()

    assert (scene.sync_mode, scene.use_audio_scrub) == ("NONE", False)


def test_no_strip_where_it_is_not_wanted(speaking, scene):
    scene.mmtalker.add_strip = False

    generate()

    assert sound_strips(scene) == []


def test_second_take_has_no_second_strip(speaking, scene):
    generate()
    generate()

    assert len(sound_strips(scene)) == 1


def test_strip_of_the_artist_is_enough(speaking, scene, voice):
    put_into_meta(scene, add_strip(scene, voice))

    generate()

    assert len(sound_strips(scene)) == 1


def test_strip_of_the_same_file_elsewhere_is_not(speaking, scene, voice):
    add_strip(scene, voice, frame=40)

    generate()

    assert sorted(strip_times(strip).left for strip in sound_strips(scene)) == [1, 40]


def test_another_file_at_the_same_place_is_not(speaking, scene, voice, tmp_path):
    add_strip(scene, shutil.copy(voice, tmp_path / "other.wav"))

    generate()

    assert sorted((strip.name, strip.channel) for strip in sound_strips(scene)) == [
        ("hello.wav", 2),
        ("other", 1),
    ]


@pytest.mark.parametrize("state", ["mute", "lock"])
def test_channel_that_is_muted_or_locked_is_passed_over(speaking, scene, state):
    scene.sequence_editor_create()
    setattr(scene.sequence_editor.channels[1], state, True)

    generate()

    assert sound_strips(scene)[0].channel == 2


def test_gap_between_other_strips_is_used(speaking, scene, voice):
    strips(scene).new_effect("Title", "COLOR", 1, 500, **_length(100))
    strips(scene).new_effect("Shade", "COLOR", 3, 1, **_length(100))

    generate()

    assert sound_strips(scene)[0].channel == 1


def test_it_is_the_heads_own_scene_that_is_heard(speaking, scene):
    if not hasattr(bpy.context.workspace, "sequencer_scene"):
        pytest.skip("since Blender 5.0")
    edit = bpy.data.scenes.new("Edit")
    bpy.context.workspace.sequencer_scene = edit

    generate()

    assert len(sound_strips(scene)) == 1
    assert sound_strips(edit) == []


def test_saved_file_gets_a_path_of_its_own_folder(speaking, scene, voice):
    bpy.ops.wm.save_as_mainfile(filepath=str(voice.parent / "speech.blend"))

    generate()

    assert sound_strips(scene)[0].sound.filepath == "//hello.wav"
    generate()
    assert len(sound_strips(scene)) == 1


def test_strip_speaks_without_another(scene, head, voice, worker):
    worker()
    add_strip(scene, voice)

    generate()

    assert len(sound_strips(scene)) == 1
    assert runs.last().message.startswith("Anna speaks")


def _length(frames: int) -> dict[str, int]:
    """How long a new effect is, by the name that this Blender gives it."""
    names = bpy.types.StripsTopLevel.bl_rna.functions["new_effect"].parameters.keys()
    return {"length": frames} if "length" in names else {"frame_end": 500 + frames}
