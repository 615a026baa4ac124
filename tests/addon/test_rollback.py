"""Writing that fails midway, is cancelled or undone leaves everything as it was."""

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import action, backend, keys, sequencer, speech_write
from mmtalker_addon.engine.status import JobState
from mmtalker_addon.ops import runs
from mmtalker_addon.ops.generate import SpeechRun
from tests.addon.scenes import curves, generate, jaw, refusal
from tests.addon.stepping import never, until


def state() -> dict[str, object]:
    """All that Generate may touch, by value."""
    found: dict[str, object] = {}
    for mesh in bpy.data.meshes:
        found[mesh.name] = custom(mesh)
    for shape in bpy.data.shape_keys:
        blocks = [
            (b.name, b.value, b.slider_min, b.slider_max, [tuple(p.co) for p in b.points])
            for b in shape.key_blocks
        ]
        found[shape.name] = (blocks, custom(shape), animation(shape))
    for obj in bpy.data.objects:
        found[f"object {obj.name}"] = (custom(obj), animation(obj), obj.active_shape_key_index)
    found["actions"] = sorted((a.name, a.use_fake_user) for a in bpy.data.actions)
    found["sounds"] = sorted(s.name for s in bpy.data.sounds)
    for scene in bpy.data.scenes:
        editor = scene.sequence_editor
        strips = None if editor is None else sorted((s.name, s.channel) for s in editor.strips_all)
        found[f"scene {scene.name}"] = (scene.frame_start, scene.frame_end, strips)
    return found


def custom(block) -> dict[str, str]:
    values = {name: block[name] for name in block.keys()}  # noqa: SIM118 (not a dict)
    return {
        name: repr(v.to_dict() if hasattr(v, "to_dict") else v.to_list() if hasattr(v, "to_list") else v)
        for name, v in values.items()
    }


def animation(block) -> object:
    data = block.animation_data
    if data is None:
        return None
    slot = None if data.action_slot is None else data.action_slot.identifier
    tracks = [(track.name, [strip.action.name for strip in track.strips]) for track in data.nla_tracks]
    how = (data.action_extrapolation, data.action_blend_type, round(data.action_influence, 6))
    return (data.action and data.action.name, slot, how, tracks)


@pytest.fixture
def everything(speaking, scene, worker):
    """A head that has all that Generate can change: own keys, own Action, an earlier speech, a part."""
    worker("parts")
    bpy.ops.mesh.primitive_cube_add()
    teeth = bpy.context.object
    teeth.name = "Teeth"
    speaking.mmtalker_parts.add().object = teeth
    scene.mmtalker.head = speaking
    scene.frame_end = 20
    generate()
    scene.frame_end = 20
    scene.sequence_editor_clear()
    bpy.data.batch_remove(list(bpy.data.sounds))
    speaking.shape_key_remove(speaking.data.shape_keys.key_blocks["mouthClose"])
    smile = teeth.shape_key_add(name="smile")
    teeth.animation_data_clear()  # or Blender would put the key into the speech
    teeth.data.shape_keys.animation_data_clear()
    smile.value = 0.5
    smile.keyframe_insert("value", frame=1)
    teeth.data.shape_keys.animation_data.action_influence = 0.75
    speaking.data.shape_keys.key_blocks["jawOpen"].slider_max = 0.25
    return speaking, teeth


PLACES = {
    "the second key of the head": (keys, "_digest", 2),
    "the first key of the part": (keys, "_digest", 4),
    "the curves of the head": (action, "pack_keys", 0),
    "the curves of the part": (action, "pack_keys", 2),
    "the sliders": (keys, "slider_range", 1),
    "the Action put on the keys": (action, "_play_on_keys", 1),
    "the artist's Action moved to a track": (action, "_push_down", 0),
    "the earlier speech": (action, "_retire", 0),
    "the Action put on the objects": (action, "_take_properties", 1),
    "the strip": (sequencer, "_free_channel", 0),
    "the scene": (speech_write.fit, "remember", 0),
    "the last words": (speech_write.fbx, "warnings", 0),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [MemoryError, KeyError, RuntimeError])
def test_error_anywhere_leaves_all_as_it_was(everything, monkeypatch, place, error):
    module, name, after = PLACES[place]
    real, calls = getattr(module, name), []

    def fail_later(*args, **kwargs):
        calls.append(args)
        if len(calls) > after:
            raise error("full")
        return real(*args, **kwargs)

    before = state()
    with monkeypatch.context() as patch:
        patch.setattr(module, name, fail_later)
        refusal()

    assert len(calls) > after, "the error was never raised"
    assert state() == before
    assert runs.current() is None
    generate()
    assert len(jaw(everything[0])) == 49


@pytest.mark.parametrize("bare", [True, False])
def test_every_slice_can_be_the_last(speaking, scene, monkeypatch, bare):
    """Cancelled after one slice, after two, and so on: nothing of it is left, and the next press works."""
    scene.mmtalker.add_strip = not bare
    if not bare:
        speaking.shape_key_add(name="Basis")
        speaking.shape_key_add(name="mouthClose")
    before = state()
    for slices in range(1, 60):
        outcome = cancelled_after(slices)
        if outcome is not None and outcome.state is JobState.DONE:
            break
        assert state() == before, f"cancelled after {slices} slices"
    assert slices > 4
    assert len(jaw(speaking)) == 49


def cancelled_after(slices: int) -> runs.Outcome:
    begin_writing()
    for _ in range(slices):
        outcome = runs.step(bpy.context, 0.0)
        if outcome is not None:
            return outcome
    runs.current().cancel()
    return until(never)


def begin_writing() -> None:
    """Start Generate and stop before the first slice of the writing."""
    client = backend.client(bpy.context, backend.find(bpy.context))
    runs.begin(SpeechRun(bpy.context, client))
    runs.step(bpy.context)
    job = runs.current()._job
    while not job.step().ended:
        pass


@pytest.mark.parametrize("slices", [1, 3, 5, 6])
def test_head_deleted_between_two_slices(speaking, slices):
    begin_writing()
    for _ in range(slices):
        assert runs.step(bpy.context, 0.0) is None
    bpy.data.objects.remove(speaking)
    outcome = until(never)
    assert outcome.message == "The head Anna was deleted meanwhile: the speech was discarded."
    assert len(bpy.data.actions) == 0


@pytest.mark.parametrize("slices", [1, 3, 5, 6])
def test_undo_between_two_slices_begins_the_writing_anew(speaking, slices):
    bpy.ops.ed.undo_push(message="Head")
    speaking.location.x = 5.0
    bpy.ops.ed.undo_push(message="Move")
    begin_writing()
    for _ in range(slices):
        assert runs.step(bpy.context, 0.0) is None
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")
    assert until(never).state is JobState.DONE
    head = bpy.data.objects["Anna"]
    assert head.location.x == 0.0
    assert [block.name for block in head.data.shape_keys.key_blocks] == ["Basis", "jawOpen", "mouthClose"]
    assert len(curves(head)) == 2 and len(bpy.data.actions) == 1


def test_another_file_between_two_slices(speaking):
    begin_writing()
    runs.step(bpy.context, 0.0)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert runs.current() is None
    assert runs.last().message == "Another file was opened: the result was discarded."


def test_mesh_deleted_while_it_is_read(speaking):
    client = backend.client(bpy.context, backend.find(bpy.context))
    runs.begin(SpeechRun(bpy.context, client))
    bpy.data.objects.remove(speaking)
    outcome = until(never)
    assert outcome.state is JobState.CANCELLED
    assert "was deleted, or undone, while it was read" in outcome.message


def test_mesh_edited_while_it_is_read(speaking):
    client = backend.client(bpy.context, backend.find(bpy.context))
    runs.begin(SpeechRun(bpy.context, client))
    speaking.data.vertices.add(1)
    outcome = until(never)
    assert outcome.state is JobState.FAILED
    assert "Anna was edited meanwhile" in outcome.message


def test_reading_can_be_cancelled(speaking):
    before = state()
    client = backend.client(bpy.context, backend.find(bpy.context))
    runs.begin(SpeechRun(bpy.context, client))
    bpy.ops.mmtalker.cancel()
    assert until(never).message == "Cancelled: nothing was changed."
    assert state() == before


def test_slices_give_what_one_go_gives(speaking):
    generate()
    at_once = {name: pairs.copy() for name, pairs in curves(speaking).items()}
    begin_writing()
    while (outcome := runs.step(bpy.context, 0.0)) is None:
        pass
    assert outcome.state is JobState.DONE
    again = curves(speaking)
    assert again.keys() == at_once.keys()
    assert all(np.array_equal(pairs, at_once[name]) for name, pairs in again.items())
