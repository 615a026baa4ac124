"""A run while the artist goes on working: stepped here as the window's timer would."""

import bpy
import pytest

from mmtalker_addon.bridge import backend
from mmtalker_addon.bridge.sound import sound_strips
from mmtalker_addon.compat import strip_times
from mmtalker_addon.engine.status import JobState
from mmtalker_addon.ops import runs
from mmtalker_addon.ops.generate import SpeechRun, generate_disabled_reason
from tests.addon.scenes import add_strip, generate, jaw, snapshot
from tests.addon.stepping import never, until, working


@pytest.fixture
def begin():
    """A function that starts Generate and waits until the mesh is read, no longer."""

    def start() -> None:
        client = backend.client(bpy.context, backend.find(bpy.context))
        runs.begin(SpeechRun(bpy.context, client))
        runs.step(bpy.context)  # the mesh is read

    return start


def test_progress_is_told_and_the_button_says_why_it_is_grey(speaking, worker, begin):
    worker("slow")
    begin()
    assert until(working) is None
    status = runs.current().status
    assert 0.5 < status.fraction < 1.0
    assert status.message
    assert generate_disabled_reason(bpy.context) == "Generate is running: wait, or cancel it."


def test_cancel_changes_nothing(speaking, worker, begin):
    worker("slow")
    before = snapshot()
    begin()
    until(working)
    bpy.ops.mmtalker.cancel()
    outcome = until(never)
    assert (outcome.state, outcome.message) == (JobState.CANCELLED, "Cancelled: nothing was changed.")
    assert snapshot() == before
    assert not bpy.ops.mmtalker.cancel.poll()


def test_cancel_ends_a_worker_that_ignores_it(speaking, worker, begin):
    worker("hang_in_generate")
    begin()
    until(working)
    bpy.ops.mmtalker.cancel()
    assert until(never).state is JobState.CANCELLED


def test_head_deleted_in_the_middle(speaking, worker, begin):
    worker("slow")
    begin()
    until(working)
    bpy.data.objects.remove(speaking)
    outcome = until(never)
    assert outcome.message == "The head Anna was deleted meanwhile: the speech was discarded."


def test_strip_deleted_in_the_middle(scene, head, voice, worker, begin):
    worker("slow")
    strip = add_strip(scene, voice)
    begin()
    until(working)
    scene.sequence_editor.strips.remove(strip)
    outcome = until(never)
    assert "The strip hello was deleted or renamed meanwhile" in outcome.message


def test_head_renamed_in_the_middle_still_gets_its_speech(speaking, begin):
    begin()
    speaking.name = "Berta"
    assert until(never).state is JobState.DONE
    assert len(jaw(speaking)) == 49


def test_head_edited_in_the_middle(speaking, begin):
    begin()
    speaking.data.vertices.add(1)
    outcome = until(never)
    assert outcome.state is JobState.FAILED
    assert "was edited meanwhile" in outcome.message
    assert speaking.data.shape_keys is None


def test_result_waits_for_object_mode(speaking, begin):
    begin()
    bpy.ops.object.mode_set(mode="EDIT")
    until(lambda: runs.current().status.stage == "waiting")
    assert runs.current().status.message == "The speech is ready and waits for Object Mode"
    assert speaking.data.shape_keys is None
    bpy.ops.object.mode_set(mode="OBJECT")
    assert until(never).state is JobState.DONE
    assert len(jaw(speaking)) == 49


def test_waiting_result_can_be_cancelled(speaking, begin):
    begin()
    bpy.ops.object.mode_set(mode="EDIT")
    until(lambda: runs.current().status.stage == "waiting")
    bpy.ops.mmtalker.cancel()
    assert until(never).state is JobState.CANCELLED
    bpy.ops.object.mode_set(mode="OBJECT")
    assert speaking.data.shape_keys is None


def test_another_file_opened_in_the_middle(speaking, worker, begin):
    worker("slow")
    begin()
    until(working)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert runs.current() is None
    assert runs.last().message == "Another file was opened: the result was discarded."
    assert not backend.client(bpy.context, backend.find(bpy.context)).running


def test_undo_in_the_middle(speaking, scene, worker, begin):
    """Undo replaces every object in memory; the run finds its head again."""
    bpy.ops.ed.undo_push(message="Head")
    speaking.location.x = 5.0
    bpy.ops.ed.undo_push(message="Move")
    begin()
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")
    assert until(never).state is JobState.DONE
    assert len(jaw(bpy.data.objects["Anna"])) == 49


def test_generate_is_one_undo_step(speaking, scene):
    bpy.ops.ed.undo_push(message="Before")
    generate()
    assert bpy.data.objects["Anna"].data.shape_keys is not None

    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")

    head = bpy.data.objects["Anna"]
    assert head.data.shape_keys is None
    assert head.animation_data is None
    assert list(head.keys()) == []
    assert len(bpy.data.actions) == 0
    assert sound_strips(bpy.context.scene) == []
    bpy.ops.ed.redo()
    assert len(jaw(bpy.data.objects["Anna"])) == 49


@pytest.mark.parametrize("source", ["FILE", "STRIP"])
def test_frame_rate_changed_in_the_middle(speaking, scene, voice, worker, begin, source):
    """One key a frame of the old rate would run off the sound at the new one."""
    worker("slow")
    add_strip(scene, voice)
    scene.mmtalker.source = source
    before = snapshot()
    begin()
    until(working)
    scene.render.fps = 30
    outcome = until(never)
    assert outcome.state is JobState.CANCELLED
    assert "The frame rate of Scene was changed meanwhile" in outcome.message
    assert snapshot() == before


def test_first_frame_changed_in_the_middle(speaking, scene, begin):
    """The speech goes where it was asked to go, its strip with it."""
    begin()
    scene.frame_start = 101
    assert until(never).state is JobState.DONE
    assert jaw(speaking)[0, 0] == 1
    assert [strip_times(strip).left for strip in sound_strips(scene)] == [1]


def test_worker_is_kept_for_the_next_press(speaking):
    generate()
    first = backend.client(bpy.context, backend.find(bpy.context)).pid
    generate()
    assert backend.client(bpy.context, backend.find(bpy.context)).pid == first


def test_strip_moved_in_the_middle_is_told(scene, head, voice, worker, begin):
    worker("good")
    strip = add_strip(scene, voice, frame=10)
    begin()
    if hasattr(strip, "content_start"):
        strip.content_start = 60
    else:
        strip.frame_start = 60
    outcome = until(never)
    assert jaw(head)[0, 0] == 10
    assert any(
        "The strip hello was moved since. Press Generate again." in warning for warning in outcome.warnings
    )
