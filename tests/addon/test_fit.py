"""A speech that no longer fits its strip, the frame rate or the mesh is told in place of its success."""

import bpy
import pytest

from mmtalker_addon.bridge import action, fit, head_store
from mmtalker_addon.core.fit import FIT_TAG, decode_fit
from tests.addon.scenes import add_strip, generate, put_into_meta
from tests.addon.test_panel import MMTALKER_PT_main, drawn

NEW_NAMES = "content_start" in bpy.types.SoundStrip.bl_rna.properties


def move(strip, frames: int) -> None:
    name = "content_start" if NEW_NAMES else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


def trim(strip, frames: int) -> None:
    name = "right_handle" if NEW_NAMES else "frame_final_end"
    setattr(strip, name, getattr(strip, name) - frames)


def told(obj) -> str:
    """What the panel shows once it looks at the mesh again."""
    head_store.seen_geometry(obj, at_once=True)
    return " ".join(drawn(MMTALKER_PT_main))


@pytest.fixture
def strip(scene, head, voice, worker):
    """The strip that the head speaks."""
    worker("good")
    strip = add_strip(scene, voice, frame=10)
    generate()
    return strip


def test_speech_that_fits_shows_its_success(strip, head):
    text = told(head)
    assert "Anna speaks for" in text and "no longer fits" not in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda strip: move(strip, 40), "The strip hello was moved since."),
        (lambda strip: trim(strip, 20), "The strip hello was trimmed since."),
        (lambda strip: setattr(strip, "sound_offset", 0.5), "The strip hello was given another sound offset"),
        (lambda strip: setattr(bpy.context.scene.render, "fps", 30), "The frame rate is 30, and the speech"),
        (lambda strip: setattr(bpy.context.scene.render, "fps_base", 1.001), "The frame rate is 23.976"),
        (lambda strip: strips().remove(strip), "The strip hello is not in the sequencer of Scene any more."),
    ],
)
def test_change_is_told_in_place_of_the_success(strip, head, change, sentence):
    change(strip)
    text = told(head)
    assert "The speech of Anna no longer fits." in text
    assert sentence in text
    assert "Press Generate again" in text
    assert "Anna speaks for" not in text


def strips():
    return bpy.context.scene.sequence_editor.strips


def test_change_taken_back_shows_the_success_again(strip, head):
    move(strip, 40)
    assert "no longer fits" in told(head)
    move(strip, -40)
    assert "no longer fits" not in told(head)


def test_strip_that_was_only_renamed_fits(strip, head):
    strip.name = "Line 1"
    assert "no longer fits" not in told(head)


def test_strip_cut_by_a_meta_strip_is_trimmed(scene, strip, head):
    meta = put_into_meta(scene, strip)
    assert "no longer fits" not in told(head)
    trim(meta, 20)
    assert "The strip hello was trimmed since." in told(head)


def test_strip_that_generate_added_is_watched_as_well(speaking, scene):
    generate()
    move(scene.sequence_editor.strips[0], 10)
    assert "The strip hello.wav was moved since." in told(speaking)


def test_file_without_a_strip_fits_until_the_rate_changes(speaking, scene):
    scene.mmtalker.add_strip = False
    generate()
    assert "no longer fits" not in told(speaking)
    scene.render.fps = 60
    assert "The frame rate is 60, and the speech was made for 24." in told(speaking)


@pytest.mark.parametrize("member", ["head", "part"])
def test_edited_mesh_is_told(speaking, member):
    bpy.ops.mesh.primitive_cube_add()
    part = bpy.context.object
    speaking.mmtalker_parts.add().object = part
    bpy.context.scene.mmtalker.head = speaking
    generate()
    assert "no longer fits" not in told(speaking)
    edited = speaking if member == "head" else part
    basis = edited.data.shape_keys.reference_key.points if edited.data.shape_keys else edited.data.vertices
    basis[0].co.x += 0.25
    assert "The mesh of Anna, or of one of its parts, has changed since." in told(speaking)


def test_shape_keys_and_pose_are_no_edit(speaking):
    generate()
    speaking.data.shape_keys.key_blocks["jawOpen"].points[0].co.x += 0.25
    speaking.location.x = 3.0
    assert "no longer fits" not in told(speaking)


def test_large_mesh_is_not_read_at_every_redraw(strip, head, monkeypatch):
    told(head)
    read = []
    monkeypatch.setattr(head_store, "find_geometry", lambda obj: read.append(obj) or "")
    for _ in range(20):
        drawn(MMTALKER_PT_main)
    assert read == []


def test_it_is_known_after_loading(strip, head, tmp_path):
    move(strip, 40)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "moved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "moved.blend"))
    assert "The strip hello was moved since." in told(bpy.data.objects["Anna"])


@pytest.mark.parametrize("value", [5, "[1]", "{}", [1.0, 2.0], {"schema": 1}, '{"schema":1,"strip":[]}'])
def test_damaged_memory_says_nothing(strip, head, value):
    action.current_take(head)[FIT_TAG] = value
    move(strip, 40)
    assert fit.find_misfits(bpy.context, head, at_once=True) == []


def test_generate_again_makes_it_fit(strip, head):
    move(strip, 40)
    generate()
    assert "no longer fits" not in told(head)
    assert decode_fit(action.current_take(head)[FIT_TAG]).strip.content_start == 50
