"""What the panel shows and in which order, drawn onto a layout that writes down what it is given."""

from types import SimpleNamespace

import bpy
import pytest

from mmtalker_addon.bridge import head_store, landmarks, set_up
from mmtalker_addon.ops import runs
from mmtalker_addon.ui.backend import draw_backend
from mmtalker_addon.ui.panel import (
    MMTALKER_PT_advanced,
    MMTALKER_PT_check,
    MMTALKER_PT_main,
    MMTALKER_PT_parts,
)
from tests.addon.scenes import generate


class Layout:
    """Stands for Blender's own, which exists only while a window is drawn."""

    def __init__(self, drawn: list[str]) -> None:
        self.drawn = drawn

    def part(self, **_) -> "Layout":
        return Layout(self.drawn)

    column = row = box = grid_flow = part

    def separator(self, **_) -> None:
        pass

    def label(self, text: str, **_) -> None:
        self.drawn.append(text)

    def prop(self, _owner, name: str, **_) -> None:
        self.drawn.append(name)

    def operator(self, name: str, **_) -> None:
        self.drawn.append(name)

    def template_list(self, _kind: str, _id: str, _owner, name: str, *_, **__) -> None:
        self.drawn.append(name)

    def progress(self, factor: float, text: str) -> None:
        self.drawn.append(text)


class Window:
    """The context with a sidebar of 400 pixels, since in background nothing has a width."""

    region = SimpleNamespace(width=400)

    @property
    def preferences(self):
        system = SimpleNamespace(ui_scale=1.0)
        return SimpleNamespace(system=system, addons=bpy.context.preferences.addons)

    def __getattr__(self, name: str):
        return getattr(bpy.context, name)


def drawn(panel) -> list[str]:
    found: list[str] = []
    panel.draw(SimpleNamespace(layout=Layout(found)), Window())
    return found


def drawn_in_preferences() -> str:
    found: list[str] = []
    draw_backend(Layout(found), Window())
    return " ".join(found)


@pytest.fixture
def no_backend(scene, monkeypatch):
    monkeypatch.delenv("MMTALKER_BACKEND_PYTHON", raising=False)
    monkeypatch.setattr("mmtalker_addon.engine.backend.is_checkout", lambda *_: False)


def test_head_then_voice_then_generate_then_the_result(speaking):
    generate()

    shown = drawn(MMTALKER_PT_main)

    wanted = ["head", "source", "sound_file", "add_strip", "mmtalker.generate"]
    assert [item for item in shown if item in wanted] == wanted
    after = " ".join(shown[shown.index("mmtalker.generate") :])
    assert "Anna speaks for 49 frames." in after


def test_what_is_seldom_needed_is_in_a_panel_below(speaking):
    generate()

    assert drawn(MMTALKER_PT_advanced) == ["seed", "mmtalker.show_log"]
    assert "seed" not in drawn(MMTALKER_PT_main)
    assert MMTALKER_PT_advanced.bl_parent_id == MMTALKER_PT_main.__name__


def test_head_that_was_never_checked_shows_one_button_and_what_it_does(speaking):
    shown = drawn(MMTALKER_PT_check)
    assert shown[0] == "mmtalker.check_head"
    assert "Shows where MMTalker sees the parts" in " ".join(shown)
    assert "mmtalker.cut_mouth" not in shown


def test_check_is_told_in_plain_words(speaking):
    bpy.ops.mmtalker.check_head()
    shown = drawn(MMTALKER_PT_check)
    text = " ".join(shown)
    assert "Head: fairly sure (75 %)" in shown
    assert "Mouth (red): sure (90 %)" in shown and "Jaw (orange): unsure (20 %)" in shown
    assert "The neck is open." in text and "The mouth can open." in text
    buttons = [name for name in shown if name.startswith("mmtalker.")]
    assert buttons == [
        "mmtalker.check_head",
        "mmtalker.refit_head",
        "mmtalker.reset_selected_landmarks",
        "mmtalker.reset_landmarks",
        "mmtalker.done_check",
        "mmtalker.cut_mouth",
    ]


def test_moved_landmarks_are_counted_before_and_after_done(speaking):
    bpy.ops.mmtalker.check_head()
    landmarks.find(speaking)["chin"].location.z -= 0.5
    assert "Moved and not updated yet: 1." in drawn(MMTALKER_PT_check)
    bpy.ops.mmtalker.refit_head()
    bpy.ops.mmtalker.done_check()
    shown = drawn(MMTALKER_PT_check)
    assert "Landmarks that you moved, and that are used: 1." in " ".join(shown)
    assert "mmtalker.reset_landmarks" in shown and "mmtalker.refit_head" not in shown


def test_changed_mesh_is_told(speaking):
    bpy.ops.mmtalker.check_head()
    speaking.data.vertices[0].co.x += 0.1
    head_store.has_changed(speaking, head_store.read(speaking), at_once=True)
    assert "The mesh has changed since it was checked." in drawn(MMTALKER_PT_check)


def test_fused_mouth_asks_for_the_cut_and_a_grey_cut_says_why(speaking, worker):
    worker("fused")
    bpy.ops.mmtalker.check_head()
    text = " ".join(drawn(MMTALKER_PT_check))
    assert "the mouth cannot open until you press Cut Mouth" in text
    speaking.data.vertices[0].co.x += 0.1
    head_store.has_changed(speaking, head_store.read(speaking), at_once=True)
    assert "press Check Head again" in " ".join(drawn(MMTALKER_PT_check))


def test_parts_are_listed_and_a_bad_one_is_told(speaking):
    assert "select them and press Add Selected" in " ".join(drawn(MMTALKER_PT_parts))
    for name in ("Teeth", "Teeth"):
        speaking.mmtalker_parts.add().object = bpy.data.objects.get(name) or _cube(name)
    bpy.context.view_layer.objects.active = speaking
    shown = drawn(MMTALKER_PT_parts)
    assert shown[:3] == ["mmtalker_parts", "mmtalker.add_parts", "mmtalker.remove_part"]
    assert "Teeth is listed twice" in " ".join(shown)


def _cube(name: str):
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = name
    return bpy.context.object


def test_strip_needs_no_second_one(speaking, scene):
    scene.mmtalker.source = "STRIP"
    assert "add_strip" not in drawn(MMTALKER_PT_main)


def test_grey_button_says_why(speaking, scene):
    scene.mmtalker.sound_file = ""
    shown = drawn(MMTALKER_PT_main)
    assert "There is no sound file: pick one." in " ".join(shown[shown.index("mmtalker.generate") :])


def test_many_names_are_counted_and_shown_on_demand(speaking):
    outcome = runs.Outcome(
        runs.JobState.DONE, "Anna speaks.", ("Spelt differently: 52.",), tuple(f"key{n}" for n in range(52))
    )
    runs.end(outcome)
    shown = drawn(MMTALKER_PT_main)
    assert "Spelt differently: 52." in shown and "mmtalker.show_all" in shown
    assert not [item for item in shown if item.startswith("key")]
    listed: list[str] = []
    bpy.types.MMTALKER_OT_show_all.draw(SimpleNamespace(layout=Layout(listed)), Window())
    assert listed[:2] == ["Anna speaks.", "Spelt differently: 52."]
    assert listed[2:] == [f"key{n}" for n in range(52)]


@pytest.mark.parametrize("warnings", [("word " * 400,), tuple(f"Warning {n}." for n in range(60))])
def test_no_outcome_pushes_the_panel_off_the_screen(speaking, warnings):
    before = len(drawn(MMTALKER_PT_main))
    runs.end(runs.Outcome(runs.JobState.DONE, "Anna speaks.", warnings))
    shown = drawn(MMTALKER_PT_main)
    assert len(shown) - before <= 10
    assert "mmtalker.show_all" in shown


def test_short_warnings_need_no_button(speaking):
    runs.end(runs.Outcome(runs.JobState.DONE, "Anna speaks.", ("One.", "Two.")))
    assert "mmtalker.show_all" not in drawn(MMTALKER_PT_main)


def test_keys_of_another_spelling_are_counted(speaking):
    speaking.shape_key_add(name="Basis")
    for name in ("JawOpen", "mouth_close"):
        speaking.shape_key_add(name=name)
    generate()
    assert any("spelt differently: 2." in warning for warning in runs.last().warnings)
    assert runs.last().details == ("'JawOpen' (jawOpen)", "'mouth_close' (mouthClose)")


def test_long_list_of_bad_parts_is_counted(speaking):
    for number in range(60):
        part = bpy.data.objects.new(f"Part {number}", bpy.data.meshes.new("Part"))
        speaking.mmtalker_parts.add().object = part
    shown = drawn(MMTALKER_PT_parts)
    assert "55 more parts cannot be used" in " ".join(shown)
    assert len(shown) < 25


def test_running_job_shows_how_far_it_is(speaking):
    runs.begin(
        SimpleNamespace(status=SimpleNamespace(fraction=0.41, message="Animating"), abandon=lambda: None)
    )
    assert drawn(MMTALKER_PT_main)[-3:] == ["41 %", "Animating", "mmtalker.cancel"]


def test_missing_backend_shows_set_up_and_what_it_downloads(no_backend, monkeypatch):
    monkeypatch.setattr(set_up, "find_problem", lambda: "")
    shown = drawn(MMTALKER_PT_main)
    assert "mmtalker.set_up" in shown
    assert "Set Up downloads PyTorch" in " ".join(shown)


def test_set_up_that_cannot_work_says_why_and_promises_nothing(no_backend, monkeypatch):
    monkeypatch.setattr(set_up, "find_problem", lambda: "Set Up cannot work: there is no internet.")
    for text in (" ".join(drawn(MMTALKER_PT_main)), drawn_in_preferences()):
        assert "there is no internet" in text
        assert "downloads" not in text


def test_set_up_that_is_not_needed_is_no_warning(speaking, monkeypatch):
    monkeypatch.setattr(set_up, "find_problem", lambda: "Set Up cannot work: there is no internet.")
    assert "cannot work" not in drawn_in_preferences()


def test_drawing_never_looks_for_a_graphics_card(no_backend, monkeypatch):
    def fail() -> None:
        raise AssertionError("this takes seconds")

    monkeypatch.setattr(set_up, "find_gpu", fail)
    monkeypatch.setattr(set_up, "find_problem", lambda: "")
    drawn(MMTALKER_PT_main)
    drawn_in_preferences()
