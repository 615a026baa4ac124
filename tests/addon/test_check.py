"""Check Head: what it shows, what is remembered, and how landmarks that were dragged come back."""

import time

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import backend, head_store, landmarks, map_colours
from mmtalker_addon.engine.status import JobState
from mmtalker_addon.ops import runs
from mmtalker_addon.ops.check import (
    CheckRun,
    check_disabled_reason,
    done_disabled_reason,
    refit_disabled_reason,
    reset_disabled_reason,
)
from tests.addon.scenes import generate, snapshot
from tests.addon.stepping import never, until, working

MOVED = (0.25, -0.5, -0.75)


@pytest.fixture
def checked(scene, head, worker):
    """A head that was checked by the fake worker, which puts landmarks on its bounding box."""
    worker("good")
    look()
    return head


def look() -> None:
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}


def drag(head, name, place=MOVED) -> None:
    landmarks.find(head)[name].location = place


def undo() -> None:
    if bpy.ops.ed.undo() != {"FINISHED"}:
        pytest.skip("this Blender has no undo in background")


def forget_the_time() -> None:
    """Let the panel look at the mesh again at once."""
    time.sleep(1.05)


def test_landmarks_are_put_on_the_head(checked, scene):
    found = landmarks.find(checked)
    assert set(found) == {"nose_tip", "chin", "mouth_right", "mouth_left"}
    low, high = np.array(checked.bound_box).min(axis=0), np.array(checked.bound_box).max(axis=0)
    nose = found["nose_tip"]
    np.testing.assert_allclose(
        nose.location, [(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2], atol=1e-6
    )
    assert nose.parent == checked and nose.name == "nose_tip"
    assert (nose.empty_display_type, nose.hide_render) == ("SPHERE", True)
    assert all(nose.lock_rotation) and all(nose.lock_scale) and not any(nose.lock_location)
    assert [collection.name for collection in scene.collection.children] == ["MMTalker Landmarks"]
    assert nose.name in scene.collection.children[0].objects


def test_landmarks_follow_a_head_that_is_turned_and_scaled(scene, head, worker):
    worker("good")
    head.location, head.rotation_euler, head.scale = (3, 4, 5), (0.3, 0.2, 0.1), (2, 2, 2)
    bpy.context.view_layer.update()
    look()
    bpy.context.view_layer.update()
    nose = landmarks.find(head)["nose_tip"]
    expected = head.matrix_world @ nose.location
    np.testing.assert_allclose(nose.matrix_world.translation, expected, atol=1e-5)
    assert landmarks.places(head)["nose_tip"] == tuple(nose.location)


def test_head_is_painted_until_done(checked):
    mesh = checked.data
    layer = mesh.color_attributes[map_colours.ATTRIBUTE]
    assert (layer.domain, mesh.attributes.active_color_name) == ("POINT", "mmtalker_map")
    colours = np.empty(len(mesh.vertices) * 4, np.float32)
    layer.data.foreach_get("color", colours)
    assert len(np.unique(colours.reshape(-1, 4).round(3), axis=0)) > 4

    assert bpy.ops.mmtalker.done_check() == {"FINISHED"}

    assert len(mesh.color_attributes) == 0
    assert landmarks.find(checked) == {}
    assert "MMTalker Landmarks" not in bpy.data.collections
    assert [key for key in mesh.keys() if key.startswith("mmtalker")] == ["mmtalker_head"]  # noqa: SIM118
    assert done_disabled_reason(bpy.context) == "Nothing is shown on the head."


def test_colours_of_the_artist_come_back(scene, head, worker):
    worker("good")
    own = head.data.color_attributes.new("Own", "FLOAT_COLOR", "POINT")
    own.data.foreach_set("color", np.full(len(own.data) * 4, 0.25, np.float32))
    head.data.color_attributes.new("Second", "FLOAT_COLOR", "POINT")
    head.data.attributes.active_color_name = "Own"
    head.data.attributes.default_color_name = "Second"
    look()
    look()  # a second look must not take its own colours for the artist's
    assert head.data.attributes.default_color_name == "Second"  # what is rendered
    bpy.ops.mmtalker.done_check()
    attributes = head.data.attributes
    assert (attributes.active_color_name, attributes.default_color_name) == ("Own", "Second")
    colours = np.empty(len(head.data.vertices) * 4, np.float32)
    head.data.color_attributes["Own"].data.foreach_get("color", colours)
    assert (colours == 0.25).all()


def test_viewports_show_the_colours_until_done(scene, head, worker):
    worker("good")
    shadings = [
        area.spaces.active.shading
        for area in bpy.context.window_manager.windows[0].screen.areas
        if area.type == "VIEW_3D"
    ]
    shadings[0].color_type = "RANDOM"
    look()
    assert shadings[0].color_type == "VERTEX"
    bpy.ops.mmtalker.done_check()
    assert shadings[0].color_type == "RANDOM"


def test_what_was_found_is_told_and_remembered(checked):
    assert "fairly sure (75 %) of what is where on Anna" in runs.last().message
    assert runs.last().warnings == ("The neck is open.",)
    found = head_store.read(checked).check
    assert (found.topology, found.confidence, found.mouth) == ("fake", 0.75, "parted")
    assert dict(found.regions) == {"mouth": 0.9, "eye_left": 0.6, "jaw": 0.2}
    assert head_store.corrections(checked) == {}


def test_a_dragged_landmark_is_sent_and_remembered(checked):
    assert refit_disabled_reason(bpy.context) == "No landmark was moved: drag one with G first."
    drag(checked, "chin")
    assert landmarks.moved(checked) == {"chin": MOVED}

    assert bpy.ops.mmtalker.refit_head() == {"FINISHED"}

    assert head_store.corrections(checked) == {"chin": MOVED}
    assert tuple(landmarks.find(checked)["chin"].location) == MOVED
    assert landmarks.moved(checked) == {}
    drag(checked, "nose_tip", (0.0, -2.0, 0.0))
    bpy.ops.mmtalker.refit_head()
    assert head_store.corrections(checked) == {"chin": MOVED, "nose_tip": (0.0, -2.0, 0.0)}


def test_an_active_landmark_means_its_head(checked, scene):
    assert scene.mmtalker.head is None
    drag(checked, "chin")
    checked.select_set(False)
    chin = landmarks.find(checked)["chin"]
    chin.select_set(True)
    bpy.context.view_layer.objects.active = chin
    assert bpy.ops.mmtalker.refit_head() == {"FINISHED"}
    assert head_store.corrections(checked) == {"chin": MOVED}
    bpy.ops.mmtalker.done_check()
    assert bpy.context.view_layer.objects.active == checked


def test_one_landmark_is_reset_and_another_stays(checked):
    before = landmarks.places(checked)
    drag(checked, "chin")
    drag(checked, "nose_tip")
    bpy.ops.mmtalker.refit_head()
    assert reset_disabled_reason(bpy.context, only_selected=True) == "No selected landmark was moved."
    landmarks.find(checked)["chin"].select_set(True)

    assert bpy.ops.mmtalker.reset_selected_landmarks() == {"FINISHED"}

    assert head_store.corrections(checked) == {"nose_tip": MOVED}
    assert landmarks.places(checked) == before | {"nose_tip": MOVED}


@pytest.mark.parametrize("updated", [True, False])
def test_all_landmarks_are_reset(checked, updated):
    before = landmarks.places(checked)
    assert reset_disabled_reason(bpy.context) == "No landmark was moved."
    drag(checked, "chin")
    drag(checked, "nose_tip")
    if updated:
        bpy.ops.mmtalker.refit_head()
    assert bpy.ops.mmtalker.reset_landmarks() == {"FINISHED"}
    assert head_store.corrections(checked) == {}
    assert landmarks.places(checked) == before
    assert landmarks.moved(checked) == {}


def test_done_keeps_what_was_moved_and_generate_uses_it(speaking):
    look()
    drag(speaking, "chin")
    bpy.ops.mmtalker.refit_head()
    bpy.ops.mmtalker.done_check()
    generate()
    assert any("Moved: [('chin', [0.25, -0.5, -0.75])]." in text for text in runs.last().warnings)


def test_generate_says_that_a_landmark_waits_for_update(speaking):
    look()
    drag(speaking, "chin")
    generate()
    assert any("moved and not used yet: press Update" in text for text in runs.last().warnings)
    assert not any("Moved: [" in text for text in runs.last().warnings)


def test_names_of_object_and_materials_are_sent(speaking):
    for name in ("Skin", "Teeth"):
        speaking.data.materials.append(bpy.data.materials.new(name))
    speaking.data.polygons[3].material_index = 1
    generate()
    assert any("Parts: [('Anna: Skin', 79), ('Anna: Teeth', 1)]." in text for text in runs.last().warnings)


def test_a_landmark_that_was_deleted_comes_back(checked):
    bpy.data.objects.remove(landmarks.find(checked)["chin"])
    look()
    assert "chin" in landmarks.find(checked)


def test_all_is_there_after_saving_and_loading(checked, tmp_path):
    drag(checked, "chin")
    bpy.ops.mmtalker.refit_head()
    drag(checked, "nose_tip")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "head.blend"))

    head = bpy.data.objects["Anna"]
    record = head_store.read(head)
    assert record.corrections == {"chin": MOVED}
    assert not head_store.has_changed(head, record, at_once=True)
    assert landmarks.moved(head) == {"nose_tip": MOVED}


def test_what_is_remembered_goes_with_an_appended_head(checked, tmp_path):
    drag(checked, "chin")
    bpy.ops.mmtalker.refit_head()
    bpy.ops.mmtalker.done_check()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "head.blend")) as (_, wanted):
        wanted.objects = ["Anna"]
    head = wanted.objects[0]
    assert head_store.corrections(head) == {"chin": MOVED}
    assert not head_store.has_changed(head, head_store.read(head), at_once=True)


def test_a_duplicate_has_its_own(checked):
    drag(checked, "chin")
    bpy.ops.mmtalker.refit_head()
    bpy.ops.object.select_all(action="DESELECT")
    checked.select_set(True)
    bpy.context.view_layer.objects.active = checked
    bpy.ops.object.duplicate()
    twin = bpy.context.object
    assert twin.data != checked.data
    assert head_store.corrections(twin) == {"chin": MOVED}
    assert landmarks.find(twin) == {}
    look()  # the duplicate is active
    bpy.ops.mmtalker.reset_landmarks()
    assert head_store.corrections(twin) == {}
    assert head_store.corrections(checked) == {"chin": MOVED}
    assert landmarks.find(twin).keys() == landmarks.find(checked).keys()


def test_a_changed_mesh_is_noticed_and_what_was_moved_stays(checked):
    record = head_store.read(checked)
    assert not head_store.has_changed(checked, record)
    checked.data.vertices[0].co.x += 0.1
    forget_the_time()
    assert head_store.has_changed(checked, record)
    look()
    assert not head_store.has_changed(checked, head_store.read(checked))


def test_shape_keys_do_not_count_as_a_change(speaking):
    look()
    generate()
    speaking.data.shape_keys.key_blocks["jawOpen"].value = 1.0
    assert not head_store.has_changed(speaking, head_store.read(speaking), at_once=True)


def test_check_is_one_undo_step(scene, head, worker):
    worker("good")
    bpy.ops.ed.undo_push(message="Before")
    look()
    undo()
    head = bpy.data.objects["Anna"]
    assert head_store.read(head) is None
    assert landmarks.find(head) == {} and not map_colours.is_shown(head)
    bpy.ops.ed.redo()
    assert len(landmarks.find(bpy.data.objects["Anna"])) == 4


def test_done_is_one_undo_step(checked):
    bpy.ops.ed.undo_push(message="Before")
    assert bpy.ops.mmtalker.done_check("EXEC_DEFAULT", True) == {"FINISHED"}
    undo()
    head = bpy.data.objects["Anna"]
    assert len(landmarks.find(head)) == 4 and map_colours.is_shown(head)


def test_a_refused_head_is_told_and_stays_as_it_was(scene, head, worker):
    worker("no_head")
    before = snapshot()
    with pytest.raises(RuntimeError, match="This is no head"):
        bpy.ops.mmtalker.check_head()
    assert snapshot() == before and head_store.read(head) is None


def test_an_answer_that_does_not_fit_changes_nothing(scene, head, worker):
    worker("wrong_map")
    before = snapshot()
    with pytest.raises(RuntimeError, match="does not fit the head"):
        bpy.ops.mmtalker.check_head()
    assert snapshot() == before and head_store.read(head) is None


def test_grey_buttons_say_why(scene, head, worker):
    worker("good")
    assert check_disabled_reason(bpy.context) == ""
    assert refit_disabled_reason(bpy.context) == "No landmarks are shown: press Check Head first."
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Edit Mode" in check_disabled_reason(bpy.context)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.delete()
    assert "There is no head" in check_disabled_reason(bpy.context)
    names = ("check_head", "refit_head", "reset_landmarks", "reset_selected_landmarks", "done_check")
    assert not any(getattr(bpy.ops.mmtalker, name).poll() for name in names)


@pytest.fixture
def begin():
    """A function that starts a check without waiting for it, as a window does."""

    def start() -> None:
        client = backend.client(bpy.context, backend.find(bpy.context))
        runs.begin(CheckRun(bpy.context, client))
        runs.step(bpy.context)  # the mesh is read

    return start


def test_cancel_changes_nothing(scene, head, worker, begin):
    worker("slow_map")
    before = snapshot()
    begin()
    assert until(working) is None
    assert check_disabled_reason(bpy.context) == "Check Head is running: wait, or cancel it."
    bpy.ops.mmtalker.cancel()
    outcome = until(never)
    assert (outcome.state, outcome.message) == (JobState.CANCELLED, "Cancelled: nothing was changed.")
    assert snapshot() == before and head_store.read(head) is None


def test_head_deleted_in_the_middle(scene, head, worker, begin):
    worker("slow_map")
    begin()
    until(working)
    bpy.data.objects.remove(head)
    assert "Anna was deleted meanwhile" in until(never).message


def test_head_edited_in_the_middle(scene, head, worker, begin):
    worker("good")
    begin()
    head.data.vertices.add(1)
    outcome = until(never)
    assert outcome.state is JobState.FAILED and "edited meanwhile" in outcome.message
    assert head_store.read(head) is None


def test_a_landmark_dragged_in_the_middle_stays_where_it_was_dragged(checked, begin):
    begin()
    drag(checked, "chin")
    assert until(never).state is JobState.DONE
    assert landmarks.moved(checked) == {"chin": MOVED}
    assert head_store.corrections(checked) == {}
