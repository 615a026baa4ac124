"""What the tests of the add-on ask of a scene again and again."""

from __future__ import annotations

import bpy
import numpy as np
import pytest


def generate() -> None:
    """Press Generate and wait for its end."""
    assert bpy.ops.mmtalker.generate() == {"FINISHED"}


def refusal() -> str:
    """Press Generate, which must fail, and return the sentence that says why."""
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.mmtalker.generate()
    return str(caught.value)


def strips(scene):
    """The strips of the scene's sequencer, which is made where there is none."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips


def add_strip(scene, path, frame=1):
    return strips(scene).new_sound(path.stem, str(path), 1, frame)


def put_into_meta(scene, strip):
    """A meta strip around the strip, just as long."""
    new_names = hasattr(strip, "content_start")
    start, end = ("content_start", "right_handle") if new_names else ("frame_start", "frame_final_end")
    meta = strips(scene).new_meta("Meta", 5, int(getattr(strip, start)))
    strip.move_to_meta(meta)
    for step in (1, -1):  # Blender learns the length of what is inside when the meta strip moves
        setattr(meta, start, getattr(meta, start) + step)
    setattr(meta, end, getattr(strip, end))
    return meta


def curves(head) -> dict[str, np.ndarray]:
    """The speech's keys: shape-key path to (frames, 2)."""
    data = head.data.shape_keys.animation_data
    found = {}
    for layer in data.action.layers:
        for strip in layer.strips:
            for curve in strip.channelbag(data.action_slot).fcurves:
                pairs = np.empty(len(curve.keyframe_points) * 2, dtype=np.float32)
                curve.keyframe_points.foreach_get("co", pairs)
                found[curve.data_path] = pairs.reshape(-1, 2)
    return found


def jaw(head) -> np.ndarray:
    """(frames, 2) frame and value of jawOpen, which the fake worker opens once a second."""
    return curves(head)['key_blocks["jawOpen"].value']


def jaw_at(seconds) -> np.ndarray:
    """What the fake worker gives jawOpen at these seconds of the decoded sound."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.asarray(seconds))


def _strips(scene) -> list:
    return list(scene.sequence_editor.strips_all) if scene.sequence_editor else []


def snapshot() -> dict[str, list[str]]:
    """Names of everything in the file that a failed Generate could have left behind or changed."""
    return {
        "actions": [action.name for action in bpy.data.actions],
        "meshes": [mesh.name for mesh in bpy.data.meshes],
        "keys": [f"{key.name} {[block.name for block in key.key_blocks]}" for key in bpy.data.shape_keys],
        "strips": [f"{strip.name} {strip.channel}" for scene in bpy.data.scenes for strip in _strips(scene)],
        "objects": [f"{obj.name} {sorted(obj.keys())} {obj.animation_data}" for obj in bpy.data.objects],
    }
