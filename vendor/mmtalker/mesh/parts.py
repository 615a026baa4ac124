"""Shapes of the parts that have no skin: eyeballs turn, lower teeth and tongue follow the jaw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.rigid import kabsch, rotation_about
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float64 = NDArray[np.float64]

JAW_SHAPES = ("jawOpen", "jawForward", "jawLeft", "jawRight")
"""The shapes in which the jaw bone itself moves; in all others only soft tissue does."""

EYE_LOOK_DEGREES = {"eyeLookIn": 25.0, "eyeLookOut": 25.0, "eyeLookUp": 18.0, "eyeLookDown": 20.0}
"""Turn of the eyeball at full strength, within what a person does without moving the head."""


def eye_look_shapes(vertices: Float64, centre: Float64, left: bool) -> dict[str, Float64]:
    """Displacements (V, 3) of one eyeball by shape name.

    Args:
        vertices: (V, 3) eyeball in canonical axes.
        centre: (3,) the point that it turns about.
        left: the subject's left eye (towards +x).
    """
    outward = 1.0 if left else -1.0
    # By the right-hand rule +y turns the gaze (+z) towards +x, and +x turns it down.
    axes = {
        "eyeLookIn": (0.0, -outward, 0.0),
        "eyeLookOut": (0.0, outward, 0.0),
        "eyeLookUp": (-1.0, 0.0, 0.0),
        "eyeLookDown": (1.0, 0.0, 0.0),
    }
    side = "Left" if left else "Right"
    return {
        name + side: (vertices - centre)
        @ (rotation_about(np.array(axis), np.radians(EYE_LOOK_DEGREES[name])).T - np.eye(3))
        for name, axis in axes.items()
    }


def jaw_shapes(vertices: Float64, bone: Float64, bone_moves: Float64) -> dict[str, Float64]:
    """Displacements (V, 3), by shape name, of something fixed to the jaw bone.

    Args:
        vertices: (V, 3) what follows.
        bone: (B, 3) points that move as the bone does.
        bone_moves: (52, B, 3) their displacements in ARKit order.
    """
    result = {}
    for name in JAW_SHAPES:
        rotation, shift = kabsch(bone, bone + bone_moves[ARKIT_INDEX[name]])
        result[name] = vertices @ rotation.T + shift - vertices
    return result


def stack_shapes(named: dict[str, Float64], count: int) -> Float64:
    """(52, V, 3) in ARKit order from displacements by name; absent ones are zero."""
    stacked = np.zeros((len(ARKIT_NAMES), count, 3))
    for name, move in named.items():
        stacked[ARKIT_INDEX[name]] = move
    return stacked
