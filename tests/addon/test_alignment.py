"""Speech lies where its strip lies, whatever the frame rate, the trim and the offset."""

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import speech
from tests.addon.scenes import add_strip, generate, jaw, jaw_at, put_into_meta

RATES = [(24, 1.001), (24, 1.0), (25, 1.0), (30, 1.001), (30, 1.0), (60, 1.0)]


@pytest.fixture
def cut(scene, head, voice, worker):
    """A strip of three seconds that starts at frame 40."""
    worker("good")
    return add_strip(scene, voice, frame=40)


def set_rate(scene, fps, base):
    scene.render.fps, scene.render.fps_base = fps, base


def media_zero(strip) -> float:
    """Frame at which the first sample of the file sounds."""
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start


def trim(strip, left, right):
    """Cut frames off both ends, by the names that this Blender has."""
    if hasattr(strip, "left_handle_offset"):
        strip.left_handle_offset, strip.right_handle_offset = left, right
    else:
        strip.frame_offset_start, strip.frame_offset_end = left, right


def ends(strip) -> tuple[int, int]:
    if hasattr(strip, "left_handle"):
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


@pytest.mark.parametrize(("fps", "base"), RATES)
@pytest.mark.parametrize(("left", "right"), [(0, 0), (11, 7)])
def test_every_key_has_the_value_of_its_moment(scene, head, voice, worker, fps, base, left, right):
    worker("good")
    set_rate(scene, fps, base)
    strip = add_strip(scene, voice, frame=40)
    trim(strip, left, right)

    plan = speech.make_plan(bpy.context)
    generate()

    rate = fps / base
    frames, values = jaw(head).T
    first, last = ends(strip)
    assert (frames[0], frames[-1]) == (first, last)
    assert np.all(np.diff(frames) == 1.0)
    assert plan.request.audio_start == pytest.approx(left / rate, abs=1e-6)
    assert plan.request.audio_duration == pytest.approx((last - first) / rate, abs=1e-6)
    # The fake opens the jaw once a second of what it decoded, which begins at the strip's left end.
    assert np.allclose(values, jaw_at((frames - first) / rate), atol=1e-4)


def test_long_clip_does_not_drift(scene, head, voice, worker):
    """At 29.97, frame 17,982 is 600 s; counted as 30 it would be 0.6 s early."""
    worker("good")
    set_rate(scene, 30, 1.001)
    strip = add_strip(scene, voice, frame=1)
    trim(strip, 0, -17982 + ends(strip)[1] - 1)

    generate()

    frames, values = jaw(head).T
    assert len(frames) == 17983
    seconds = (frames[-1] - frames[0]) * 1.001 / 30
    assert seconds == pytest.approx(600.0, abs=1e-3)
    assert values[-1] == pytest.approx(jaw_at(seconds), abs=1e-3)


def test_strip_that_was_moved(scene, head, cut):
    if hasattr(cut, "left_handle"):
        cut.content_start += 25
    else:
        cut.frame_start += 25

    generate()

    assert jaw(head)[0, 0] == 65
    assert jaw(head)[0, 1] == pytest.approx(0.0, abs=1e-5)


def test_strip_pulled_out_before_its_sound(scene, head, cut):
    """The strip shows ten frames of silence before the file's first sample."""
    trim(cut, -10, 0)
    assert ends(cut)[0] == 30

    plan = speech.make_plan(bpy.context)

    assert plan.timing.first_frame == 40
    assert plan.request.audio_start == 0.0


def test_source_trimmed_from_its_beginning(scene, head, cut):
    """What Trim cuts off the source itself is gone from the strip's own clock."""
    setattr(cut, "content_trim_start" if hasattr(cut, "content_trim_start") else "animation_offset_start", 12)
    first = ends(cut)[0]

    plan = speech.make_plan(bpy.context)

    heard_from = (first - media_zero(cut) + 12) / 24
    assert plan.timing.first_frame == max(first, media_zero(cut) - 12)
    assert plan.request.audio_start == pytest.approx(heard_from, abs=1e-6)


def test_strip_in_a_meta_strip_that_is_trimmed(scene, head, cut):
    trim(put_into_meta(scene, cut), 10, 5)

    plan = speech.make_plan(bpy.context)
    generate()

    assert plan.request.audio_start == pytest.approx(10 / 24, abs=1e-6)
    assert (jaw(head)[0, 0], jaw(head)[-1, 0]) == (50, ends(cut)[1] - 5)


def test_sound_shifted_within_its_strip(scene, head, cut):
    cut.sound_offset = -0.25

    plan = speech.make_plan(bpy.context)

    assert plan.request.audio_start == pytest.approx(0.25, abs=1e-6)


def test_packed_sound_is_sent_as_bytes(scene, head, cut, voice):
    cut.sound.pack()
    content = voice.read_bytes()
    voice.unlink()

    plan = speech.make_plan(bpy.context)
    generate()

    assert plan.request.audio_bytes == content
    assert plan.request.audio_name == "hello.wav"
    assert len(jaw(head)) == 73


def test_other_strip_can_be_picked(scene, head, cut, voice):
    other = add_strip(scene, voice, frame=200)
    scene.mmtalker.strip = other.name

    generate()

    assert jaw(head)[0, 0] == 200


@pytest.mark.skipif(bpy.app.version < (5, 0), reason="since Blender 5.0")
def test_sequencer_may_play_another_scene(scene, head, voice, worker):
    worker("good")
    edit = bpy.data.scenes.new("Edit")
    add_strip(edit, voice, frame=77)
    bpy.context.workspace.sequencer_scene = edit

    generate()

    assert jaw(head)[0, 0] == 77
