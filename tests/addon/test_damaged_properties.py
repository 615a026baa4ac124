"""Custom properties of any kind in any place, as a broken or a stranger's .blend has them."""

import bpy
import pytest

from mmtalker_addon.bridge import head_store, landmarks, map_colours
from mmtalker_addon.ops import runs
from tests.addon.scenes import generate, jaw
from tests.addon.test_panel import MMTALKER_PT_check, MMTALKER_PT_main, MMTALKER_PT_parts, drawn

VALUES = [
    "abc",
    "",
    5,
    -(2**31),
    1e300,
    float("nan"),
    True,
    b"\xff\x00",
    [1, 2],
    [1.0, 2.0, float("nan")],
    ["a", "b"],
    [{"a": 1}],
    {},
    {"jawOpen": {"a": 1}},
    {"jawOpen": 5},
    {"jawOpen": "no digest", "nowhere": "x"},
]


@pytest.fixture(params=range(len(VALUES)), ids=lambda number: repr(VALUES[number])[:20])
def value(request):
    return VALUES[request.param]


@pytest.fixture
def talked(speaking):
    """A head that was checked, has own keys, and has spoken."""
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name="mouthClose")
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}
    generate()
    return speaking


def press_everything(obj) -> None:
    for panel in (MMTALKER_PT_main, MMTALKER_PT_check, MMTALKER_PT_parts):
        drawn(panel)
    generate()
    assert len(jaw(obj)) == 49
    assert bpy.ops.mmtalker.check_head() == {"FINISHED"}
    assert bpy.ops.mmtalker.done_check() == {"FINISHED"}
    assert not map_colours.is_shown(obj) and not landmarks.find(obj)


def put(blocks_and_names, value) -> None:
    for block, name in blocks_and_names:
        block[name] = value


def test_any_value_in_all_places(talked, value):
    found = landmarks.find(talked)
    talked.modifiers.new("Subdivision", "SUBSURF")
    put(
        [
            (talked.data, "mmtalker_head"),
            (talked.data, "mmtalker_before_map"),
            (talked.data.shape_keys, "mmtalker_keys"),
            (talked.animation_data.action, "mmtalker_record"),
            (talked.animation_data.action, "mmtalker_fit"),
            (found["chin"], "mmtalker_landmark"),
            (found["nose_tip"], "mmtalker_placed"),
            (talked, "mmtalker_modifiers_off"),
            (talked, "mmtalker_take_1"),
            (talked, "mmtalker_take_" + "9" * 49),
            (talked, "mmtalker_take_²"),
            *((screen, "mmtalker_before_map") for screen in bpy.data.screens),
        ],
        value,
    )
    head_store.seen_geometry(talked, at_once=True)

    press_everything(talked)

    assert bpy.ops.mmtalker.prepare_fbx() == {"FINISHED"}
    assert bpy.ops.mmtalker.bring_back_modifiers() == {"FINISHED"}
    assert talked.modifiers[0].show_viewport and talked.modifiers[0].show_render


def test_any_value_for_our_keys_leaves_the_artists_own_alone(talked, value):
    sculpted = [tuple(point.co) for point in talked.data.shape_keys.key_blocks["mouthClose"].points]
    talked.data.shape_keys["mmtalker_keys"] = value
    generate()
    assert [tuple(point.co) for point in talked.data.shape_keys.key_blocks["mouthClose"].points] == sculpted


def test_half_a_surrogate_pair_in_a_name(talked):
    text = talked.data["mmtalker_head"]
    talked.data["mmtalker_head"] = text.replace('"corrections":{', '"corrections":{"\\ud800":[0,0,0]')
    assert head_store.read(talked) is None
    press_everything(talked)
    assert runs.last().message
