"""The demo head, a recorded voice and the real backend: what an artist gets."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Euler, Matrix, Vector

from mmtalker_addon.bridge import backend, demo_head, head_store, landmarks
from mmtalker_addon.bridge.head import read_head
from mmtalker_addon.core.record import ACTION_TAG, decode_record
from mmtalker_addon.engine.backend import NoBackend
from mmtalker_addon.engine.paths import find_vendor
from tests.addon.scenes import add_strip, curves, generate

VOICE = Path(__file__).resolve().parents[1] / "data" / "second_voice.ogg"


@pytest.fixture
def whole(scene):
    found = backend.find(bpy.context)
    if isinstance(found, NoBackend):
        pytest.skip(found.reason)
    weights = find_vendor() / "weights"
    wanted = [weights / "mmtalker.safetensors", weights / "whisper_base_encoder.safetensors"]
    missing = [path.name for path in [*wanted, demo_head.asset_path(), VOICE] if not path.is_file()]
    if missing:
        pytest.skip(f"not in this checkout: {', '.join(missing)}")
    return scene


def test_demo_head_speaks_a_strip(whole):
    whole.render.fps = 30
    bpy.ops.mmtalker.add_demo_head()
    strip = add_strip(whole, VOICE, frame=20)
    head = whole.mmtalker.head

    generate()

    names = [block.name for block in head.data.shape_keys.key_blocks]
    assert {"Basis", "jawOpen", "mouthClose", "eyeBlinkLeft", "tongueOut"} <= set(names)
    jaw = curves(head)['key_blocks["jawOpen"].value']
    assert jaw[0, 0] == 20
    assert jaw[-1, 0] == (strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end)
    assert np.ptp(jaw[:, 1]) > 0.1
    record = decode_record(head.animation_data.action[ACTION_TAG])
    assert record.raw_rate == 50.0
    assert record.raw.shape[1] == len(names) - 1

    # Where the jaw is widest open, the chin really is lower.
    whole.frame_set(int(jaw[jaw[:, 1].argmax(), 0]))
    evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    rest = np.array([vertex.co for vertex in head.data.vertices])
    posed = np.array([vertex.co for vertex in evaluated.data.vertices])
    assert np.isfinite(posed).all()
    assert (posed - rest)[:, 2].min() < -0.002  # metres


@pytest.mark.slow
def test_blenders_monkey_is_mapped_or_refused_with_a_sentence(scene):
    pytest.importorskip("torch", reason="mapping needs torch")
    from mmtalker.errors import ErrorCode, MMTalkerError
    from mmtalker.mapping.map_head import map_head
    from mmtalker.mesh.mesh import Mesh

    bpy.ops.mesh.primitive_monkey_add()
    arrays = read_head(bpy.context.object)
    try:
        mapping = map_head(Mesh(arrays.vertices, arrays.loop_vertices, arrays.loop_starts))
    except MMTalkerError as error:
        assert error.code is ErrorCode.UNSUPPORTED_HEAD and error.message.endswith(".")
        return
    assert np.isfinite(mapping.uv).all() and mapping.warnings


def test_eyes_that_are_an_object_of_their_own_move_by_themselves(whole):
    """Separated by material, turned, scaled and put back: the backend sees one head."""
    bpy.ops.mmtalker.add_demo_head()
    head = whole.mmtalker.head
    add_strip(whole, VOICE)
    slots = [slot.material.name.split()[-1] for slot in head.material_slots]
    for polygon in head.data.polygons:
        polygon.material_index = int(slots[polygon.material_index] in {"eye", "iris", "pupil"})
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.separate(type="MATERIAL")
    bpy.ops.object.mode_set(mode="OBJECT")
    eyes = next(obj for obj in bpy.context.selected_objects if len(obj.data.vertices) == 868)
    head = next(obj for obj in bpy.context.selected_objects if obj != eyes)
    place = Matrix.LocRotScale((0.4, 0.2, -0.3), Euler((0.7, 0.2, 1.0)), (3.0, 0.5, 1.0))
    eyes.data.transform(place.inverted())
    eyes.matrix_world = place
    bpy.context.view_layer.objects.active = head
    whole.mmtalker.head = head
    bpy.ops.mmtalker.add_parts()

    generate()

    looks = [f"eyeLook{where}{side}" for side in ("Left", "Right") for where in ("Down", "In", "Out", "Up")]
    keys = eyes.data.shape_keys.key_blocks
    assert [block.name for block in keys[1:]] == looks
    rest, moved = (
        np.array([eyes.matrix_world @ point.co for point in keys[name].points])
        for name in (0, "eyeLookUpLeft")
    )
    left = rest[:, 0] > 0.0
    assert 0.004 < np.linalg.norm(moved - rest, axis=1)[left].max() < 0.008  # metres
    assert np.abs(moved - rest)[~left].max() < 1e-5


def test_a_landmark_dragged_off_the_demo_heads_skin_lands_on_it(whole):
    """Its eyes and teeth are objects of their own, so that the skin is known by itself."""
    bpy.ops.mmtalker.add_demo_head()
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.separate(type="LOOSE")
    bpy.ops.object.mode_set(mode="OBJECT")
    head = max(bpy.context.selected_objects, key=lambda obj: len(obj.data.vertices))
    whole.mmtalker.head = head
    bpy.ops.mmtalker.check_head()
    before = landmarks.places(head)
    landmarks.find(head)["mouth_left"].location.x += 0.005

    bpy.ops.mmtalker.refit_head()

    record = head_store.read(head)
    assert (record.check.topology, record.check.warnings) == ("anny", ())
    assert set(record.corrections) == {"mouth_left"}
    after = landmarks.places(head)
    assert {name for name in after if after[name] != before[name]} == {"mouth_left"}
    found, nearest, _, _ = head.closest_point_on_mesh(after["mouth_left"])
    assert found and (nearest - Vector(after["mouth_left"])).length < 1e-5
    assert 0.003 < after["mouth_left"][0] - before["mouth_left"][0] < 0.008
