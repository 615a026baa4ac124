"""A character of several objects: what is listed, what is sent, and what each object gets."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import action, distribute, head_store, keys, map_colours, parts
from mmtalker_addon.bridge.character import read_character
from mmtalker_addon.engine.status import JobState
from mmtalker_addon.ops import runs
from mmtalker_addon.ops.generate import SpeechRun
from mmtalker_addon.ops.parts import add_parts_disabled_reason, remove_part_disabled_reason
from tests.addon.scenes import curves, generate, snapshot
from tests.addon.stepping import never, until


def add_part(name: str, **place):
    """A cube with a place of its own; the head stays active."""
    before = bpy.context.object
    bpy.ops.mesh.primitive_cube_add(**place)
    part = bpy.context.object
    part.name = name
    part.select_set(False)
    before.select_set(True)
    bpy.context.view_layer.objects.active = before
    return part


def enlist(head, *others) -> None:
    for other in others:
        other.select_set(True)
    assert bpy.ops.mmtalker.add_parts() == {"FINISHED"}
    for other in others:
        other.select_set(False)


@pytest.fixture
def cast_of_three(speaking, worker):
    """Anna with Teeth, which jawOpen alone moves, and a Hat that nothing moves."""
    worker("parts")
    teeth = add_part("Teeth", location=(0, 0, 1), rotation=(0.5, 0, 1.0), scale=(0.5, 1.0, 2.0))
    hat = add_part("Hat", location=(0, 0, 3))
    enlist(speaking, teeth, hat)
    return speaking, teeth, hat


def shape(obj, name) -> np.ndarray:
    """(V, 3) displacement by a key, in the world."""
    blocks = obj.data.shape_keys.key_blocks
    moved = np.array([point.co for point in blocks[name].points])
    rest = np.array([point.co for point in obj.data.shape_keys.reference_key.points])
    return (moved - rest) @ np.array(obj.matrix_world.to_3x3()).T


def slot_curves(obj) -> set[str]:
    return set(curves(obj))


def test_list_is_kept_with_the_head_and_the_head_is_picked(cast_of_three, scene):
    head, teeth, hat = cast_of_three
    assert parts.find_parts(bpy.context, head) == [teeth, hat]
    assert scene.mmtalker.head == head
    assert add_parts_disabled_reason(bpy.context).startswith("Select the meshes that belong to Anna")


def test_more_parts_than_can_be_sent_are_left_out_with_one_sentence(cast_of_three, monkeypatch):
    head, teeth, _ = cast_of_three
    enlist(head, add_part("Tongue"))
    monkeypatch.setattr(parts, "MOST_PARTS", 1)
    assert parts.find_parts(bpy.context, head) == [teeth]
    generate()
    told = [warning for warning in runs.last().warnings if "join some of them" in warning]
    assert told == ["Anna has more than 1 parts: join some of them (Object > Join)."]


def test_part_gets_the_keys_that_move_it_and_the_head_gets_all(cast_of_three):
    head, teeth, hat = cast_of_three
    generate()
    assert [block.name for block in head.data.shape_keys.key_blocks] == ["Basis", "jawOpen", "mouthClose"]
    assert [block.name for block in teeth.data.shape_keys.key_blocks] == ["Basis", "jawOpen"]
    assert hat.data.shape_keys is None and hat.animation_data is None
    np.testing.assert_allclose(shape(teeth, "jawOpen"), np.tile([0.0, 0.0, -0.1], (8, 1)), atol=1e-6)
    assert "Parts that move along: Teeth." in runs.last().message


def test_one_action_moves_all(cast_of_three, scene):
    head, teeth, _ = cast_of_three
    generate()
    speech_action = action.current_take(head)
    assert action.current_take(teeth) == speech_action
    assert slot_curves(teeth) == {'key_blocks["jawOpen"].value'} < slot_curves(head)
    scene.frame_set(13)  # wide open
    graph = bpy.context.evaluated_depsgraph_get()
    for obj in (head, teeth):
        value = obj.evaluated_get(graph).data.shape_keys.key_blocks["jawOpen"].value
        assert value == pytest.approx(1.0, abs=1e-4)
    assert teeth.animation_data.action == head.animation_data.action == speech_action


def test_every_object_goes_through_its_own_place(cast_of_three):
    head, teeth, _ = cast_of_three
    head.location, head.rotation_euler, head.scale = (3, 4, 5), (0.3, 0.2, 0.1), (2, 2, 2)
    character = read_character(bpy.context, head, {})
    world = head.matrix_world
    sent = np.array([world @ v for v in map(bpy_vector, character.request.vertices)])
    expected = [obj.matrix_world @ v.co for obj in cast_of_three for v in obj.data.vertices]
    np.testing.assert_allclose(sent, np.array(expected), atol=1e-5)
    own = character.pieces[1].own_shape(np.tile(np.float32([0.0, 0.0, 1.0]), (len(sent), 1)))
    turned = own @ np.array(teeth.matrix_world.to_3x3()).T
    np.testing.assert_allclose(turned, np.tile(world.to_3x3() @ bpy_vector([0, 0, 1]), (8, 1)), atol=1e-5)


def bpy_vector(values):
    from mathutils import Vector

    return Vector([float(value) for value in values])


def test_names_of_all_objects_and_materials_are_sent(cast_of_three):
    head, teeth, _ = cast_of_three
    teeth.data.materials.append(bpy.data.materials.new("Enamel"))
    request = read_character(bpy.context, head, {}).request
    assert request.part_names == ("Anna", "Teeth: Enamel", "Hat")
    assert np.bincount(request.part).tolist() == [80, 6, 6]


def test_parts_that_hang_on_a_bone_are_read_at_rest(cast_of_three, scene):
    head, teeth, _ = cast_of_three
    bpy.ops.object.armature_add()
    rig = bpy.context.object
    rest = read_character(bpy.context, head, {}).request.vertices
    teeth.parent, teeth.parent_type, teeth.parent_bone = rig, "BONE", "Bone"
    at_rest = read_character(bpy.context, head, {}).request.vertices
    rig.pose.bones["Bone"].location = (0.0, 4.0, 0.0)
    posed = read_character(bpy.context, head, {}).request.vertices
    np.testing.assert_array_equal(posed, at_rest)
    assert not np.array_equal(at_rest, rest)
    assert rig.data.pose_position == "POSE"
    assert np.allclose(rig.pose.bones["Bone"].location, (0.0, 4.0, 0.0))


def test_second_take_renews_and_replaces_on_every_object(cast_of_three):
    head, teeth, _ = cast_of_three
    generate()
    generate()
    assert sorted(each.name for each in bpy.data.actions) == ["Speech hello", "Speech hello.001"]
    assert action.current_take(teeth) == bpy.data.actions["Speech hello.001"]
    assert len(list(teeth.data.shape_keys.key_blocks)) == 2
    assert [name for name in teeth.keys() if "take" in name] == [  # noqa: SIM118 (not a dict)
        name
        for name in head.keys()  # noqa: SIM118
        if "take" in name
    ]


def test_what_the_artist_has_on_a_part_stays(cast_of_three, scene):
    head, teeth, _ = cast_of_three
    teeth.shape_key_add(name="Basis")
    own = teeth.shape_key_add(name="mouthClose")  # one that would not have been made
    own.points[0].co.x += 5.0
    smile = teeth.shape_key_add(name="smile")
    smile.value = 0.5
    smile.keyframe_insert("value", frame=1)
    theirs = teeth.data.shape_keys.animation_data.action
    teeth.keyframe_insert("location", frame=1)
    moves = teeth.animation_data.action

    generate()

    assert [block.name for block in teeth.data.shape_keys.key_blocks] == [
        "Basis",
        "mouthClose",
        "smile",
        "jawOpen",
    ]
    assert own.points[0].co.x == pytest.approx(teeth.data.shape_keys.reference_key.points[0].co.x + 5.0)
    assert slot_curves(teeth) == {'key_blocks["jawOpen"].value', 'key_blocks["mouthClose"].value'}
    data = teeth.data.shape_keys.animation_data
    assert [strip.action for track in data.nla_tracks for strip in track.strips] == [theirs]
    assert teeth.animation_data.action == moves
    assert any(text.startswith("Teeth has an Action of its own") for text in runs.last().warnings)
    assert head.animation_data.action == action.current_take(head)


def test_a_key_of_a_part_that_was_edited_keeps_its_shape(cast_of_three):
    _, teeth, _ = cast_of_three
    generate()
    point = teeth.data.shape_keys.key_blocks["jawOpen"].points[3]
    point.co.x += 0.5
    edited = point.co.x
    generate()
    assert point.co.x == edited
    assert any("kept your shape: jawOpen" in text for text in runs.last().warnings)


def test_generate_with_parts_is_one_undo_step(cast_of_three):
    bpy.ops.ed.undo_push(message="Before")
    generate()
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")
    for name in ("Anna", "Teeth"):
        obj = bpy.data.objects[name]
        assert obj.data.shape_keys is None and obj.animation_data is None
    assert len(bpy.data.actions) == 0
    assert len(bpy.data.objects["Anna"].mmtalker_parts) == 2
    bpy.ops.ed.redo()
    assert slot_curves(bpy.data.objects["Teeth"]) == {'key_blocks["jawOpen"].value'}


def test_an_error_in_the_middle_takes_everything_back(cast_of_three, monkeypatch):
    before = snapshot()
    write = keys.write_shapes

    def fail_for_teeth(obj, shapes, rollback):
        yield from write(obj, shapes, rollback)
        if obj.name == "Teeth":
            raise MemoryError

    monkeypatch.setattr(distribute.keys, "write_shapes", fail_for_teeth)
    with pytest.raises(RuntimeError):
        bpy.ops.mmtalker.generate()
    assert snapshot() == before


def test_all_is_there_after_saving_and_loading(cast_of_three, tmp_path):
    generate()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "parts.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "parts.blend"))
    head, teeth = bpy.data.objects["Anna"], bpy.data.objects["Teeth"]
    assert [part.name for part in parts.find_parts(bpy.context, head)] == ["Teeth", "Hat"]
    assert action.current_take(teeth) == action.current_take(head)
    assert slot_curves(teeth) == {'key_blocks["jawOpen"].value'}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda teeth, _: bpy.data.objects.remove(teeth), "A part of Anna was deleted"),
        (lambda teeth, _: teeth.hide_set(True), "Teeth is hidden"),
        (lambda teeth, _: setattr(teeth, "hide_viewport", True), "Teeth is hidden"),
        (lambda teeth, _: bpy.context.collection.objects.unlink(teeth), "Teeth is not in this scene"),
        (lambda teeth, head: setattr(head.mmtalker_parts.add(), "object", teeth), "Teeth is listed twice"),
        (lambda _, head: setattr(head.mmtalker_parts.add(), "object", head), "Anna is the head itself"),
        (lambda teeth, head: setattr(head.mmtalker_parts[1].object, "data", teeth.data), "shares its mesh"),
        (lambda teeth, _: setattr(teeth, "scale", (1.0, 0.0, 1.0)), "Teeth has a scale of 0"),
        (lambda teeth, _: teeth.data.clear_geometry(), "Teeth has no vertices"),
        (lambda teeth, _: teeth.data.vertices.foreach_set("co", [np.nan] * 24), "not usable numbers"),
    ],
)
def test_a_part_that_cannot_be_used_is_told_and_left_out(cast_of_three, spoil, sentence):
    head, teeth, _ = cast_of_three
    spoil(teeth, head)
    generate()
    assert any(sentence in text for text in runs.last().warnings), runs.last().warnings
    assert len(head.data.shape_keys.key_blocks) == 3
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}
    assert bpy.ops.mmtalker.done_check() == {"FINISHED"}


def test_a_part_that_became_another_kind_of_object(cast_of_three):
    head, _, _hat = cast_of_three
    bpy.ops.object.camera_add()
    head.mmtalker_parts[1].object = bpy.context.object
    generate()
    assert any("Camera is not a mesh" in text for text in runs.last().warnings)


def test_a_linked_part_is_told(speaking, scene, tmp_path):
    eyes = add_part("Eyes")
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {eyes})
    bpy.data.objects.remove(eyes)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Eyes"]
    linked = wanted.objects[0]
    scene.collection.objects.link(linked)
    enlist(speaking, linked)
    generate()
    assert any("Eyes is linked from another file" in text for text in runs.last().warnings)
    assert linked.data.shape_keys is None


def test_check_paints_every_part_until_done(cast_of_three):
    head, teeth, hat = cast_of_three
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}
    assert all(map_colours.is_shown(obj) for obj in (head, teeth, hat))
    bpy.ops.mmtalker.done_check()
    assert not any(map_colours.is_shown(obj) for obj in (head, teeth, hat))
    assert not teeth.data.keys()


def test_removing_a_part_takes_its_colours_and_leaves_its_speech(cast_of_three):
    head, teeth, hat = cast_of_three
    generate()
    bpy.ops.mmtalker.check_head()
    head.mmtalker_active_part = 0
    assert bpy.ops.mmtalker.remove_part() == {"FINISHED"}
    assert parts.listed(head) == [hat]
    assert not map_colours.is_shown(teeth) and map_colours.is_shown(hat)
    assert slot_curves(teeth) == {'key_blocks["jawOpen"].value'}
    bpy.ops.mmtalker.remove_part()
    assert remove_part_disabled_reason(bpy.context) == "No part is listed."


def test_a_changed_part_is_noticed_and_a_moved_one_is_not(cast_of_three):
    head, teeth, _hat = cast_of_three
    bpy.ops.mmtalker.check_head()
    record = head_store.read(head)
    assert not head_store.has_changed(head, record, at_once=True)
    teeth.location.x += 1.0
    assert not head_store.has_changed(head, record, at_once=True)
    teeth.data.vertices[0].co.x += 0.1
    assert head_store.has_changed(head, record, at_once=True)
    teeth.data.vertices[0].co.x -= 0.1
    bpy.ops.mmtalker.check_head()
    bpy.ops.mmtalker.remove_part()
    assert head_store.has_changed(head, head_store.read(head), at_once=True)


@pytest.fixture
def begin(cast_of_three):
    """A function that starts Generate and waits until the mesh is read, no longer."""
    from mmtalker_addon.bridge import backend

    def start() -> None:
        client = backend.client(bpy.context, backend.find(bpy.context))
        runs.begin(SpeechRun(bpy.context, client))
        runs.step(bpy.context)  # the mesh is read

    return start


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda teeth: bpy.data.objects.remove(teeth), "The part Teeth was deleted meanwhile."),
        (lambda teeth: teeth.data.vertices.add(1), "The part Teeth was edited meanwhile"),
    ],
)
def test_a_part_lost_in_the_middle_is_told_and_the_head_speaks(cast_of_three, begin, spoil, sentence):
    head, teeth, _ = cast_of_three
    begin()
    spoil(teeth)
    outcome = until(never)
    assert outcome.state is JobState.DONE
    assert any(sentence in text for text in outcome.warnings)
    assert len(curves(head)) == 2


def test_a_part_renamed_in_the_middle_still_gets_its_keys(cast_of_three, begin):
    _, teeth, _ = cast_of_three
    begin()
    teeth.name = "Dentures"
    assert until(never).state is JobState.DONE
    assert slot_curves(teeth) == {'key_blocks["jawOpen"].value'}
