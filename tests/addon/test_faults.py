"""Faults of the worker as Blender meets them: a sentence, the file as it was, and the next Generate right."""

import hashlib

import bpy
import numpy as np
import pytest

from mmtalker_addon.ops import runs
from tests.addon.scenes import generate, jaw, jaw_at, refusal, snapshot

FAULTS = {
    "exit_at_start": "no model here",
    "no_module": "No module named 'torch'",
    "no_memory": "memory ran out",
    "kill_in_generate": "memory ran out",
    "exit_in_generate": "something broke",
    "leaves_child": "exited with code 3",
    "cut_frame": "unreadable message",
    "garbage": "unreadable message",
    "huge_array": "unreadable message",
    "close_output": "closed its output",
    "no_head": "This is no head",
    "fault": "should not happen",
    "nan": "are not numbers",
    "wrong_shapes": "Nothing was changed",
}


def digest() -> str:
    """Of the numbers and animation of all that the file holds."""
    found = hashlib.sha256(repr(snapshot()).encode())

    def take(points, name, width) -> None:
        values = np.empty(len(points) * width, dtype=np.float32)
        points.foreach_get(name, values)
        found.update(values.tobytes())

    for mesh in bpy.data.meshes:
        take(mesh.vertices, "co", 3)
    for key in bpy.data.shape_keys:
        for block in key.key_blocks:
            take(block.points if hasattr(block, "points") else block.data, "co", 3)
            found.update(f"{block.name} {block.value} {block.mute} {block.slider_max}".encode())
    for action in bpy.data.actions:
        for layer in action.layers:
            for strip in layer.strips:
                for bag in strip.channelbags:
                    for curve in bag.fcurves:
                        found.update(curve.data_path.encode())
                        take(curve.keyframe_points, "co", 2)
    return found.hexdigest()


@pytest.mark.parametrize(("mode", "words"), FAULTS.items())
def test_a_fault_changes_nothing_and_the_next_generate_is_right(speaking, worker, mode, words):
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name="mine").value = 0.25
    before = digest()
    worker(mode)
    sentence = refusal()
    assert words in sentence and "Traceback" not in sentence
    assert digest() == before
    assert runs.current() is None

    worker("good")
    generate()

    keys = jaw(speaking)
    np.testing.assert_allclose(keys[:, 1], jaw_at((keys[:, 0] - keys[0, 0]) / 24.0), atol=1e-5)
    assert speaking.data.shape_keys.key_blocks["mine"].value == 0.25


def test_a_fault_after_a_good_generate_keeps_the_speech(speaking, worker):
    """Given speech on the head, when the next Generate meets a fault, then the first line is as it was."""
    generate()
    before = digest()
    worker("kill_in_generate")
    assert "memory ran out" in refusal()
    assert digest() == before
