"""Shapes of the parts that have no skin: eyeballs turn, lower teeth and tongue follow the jaw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.rigid import kabsch, rotation_about, sphere_centre
from mmtalker.mesh.roles import CHART_ROLES, Role
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


def jaw_move(vertices: Float64, bone: Float64, bone_move: Float64) -> Float64:
    """Displacement (V, 3) of something fixed to the jaw bone.

    Args:
        vertices: (V, 3) what follows.
        bone: (B, 3) points that move as the bone does.
        bone_move: (B, 3) their displacement.
    """
    rotation, shift = kabsch(bone, bone + bone_move)
    moved: Float64 = vertices @ rotation.T + shift - vertices
    return moved


def stack_shapes(named: dict[str, Float64], count: int) -> Float64:
    """(52, V, 3) in ARKit order from displacements by name; absent ones are zero."""
    stacked = np.zeros((len(ARKIT_NAMES), count, 3))
    for name, move in named.items():
        stacked[ARKIT_INDEX[name]] = move
    return stacked


def fill_parts(
    mapping: HeadMapping,
    vertices: NDArray[np.floating[Any]],
    shapes: NDArray[np.floating[Any]],
    names: Sequence[str],
) -> NDArray[np.float32]:
    """Give every part without skin its displacements; skin and sockets stay as they are.

    Args:
        mapping: the head's roles and places.
        vertices: (V, 3) the head in canonical space.
        shapes: (K, V, 3) displacements in canonical metres, right where the role is of the chart.
        names: K shape names.

    Returns:
        (K, V, 3), a new array.
    """
    points = np.asarray(vertices, dtype=np.float64)
    in_chart = np.isin(mapping.role, CHART_ROLES)
    filled = np.where(in_chart[None, :, None], shapes, 0.0).astype(np.float32)
    index = {name: k for k, name in enumerate(names)}

    for role in (Role.EYE_LEFT, Role.EYE_RIGHT):
        ball = mapping.role == role
        if ball.sum() >= 4:
            centre = sphere_centre(points[ball])
            for name, move in eye_look_shapes(points[ball], centre, left=role == Role.EYE_LEFT).items():
                if name in index:
                    filled[index[name], ball] = move

    follows = (mapping.jaw_weight > 0.0) & ~in_chart
    bone = _jaw_vertices(mapping, in_chart)
    if follows.any() and len(bone) >= 3:
        weight = mapping.jaw_weight[follows, None]
        for name in JAW_SHAPES:
            if name in index:
                move = jaw_move(points[follows], points[bone], filled[index[name], bone].astype(np.float64))
                filled[index[name], follows] = weight * move

    tongue = mapping.role == Role.TONGUE
    if tongue.any() and "tongueOut" in index:
        filled[index["tongueOut"], tongue] = _tongue_out(points[tongue])

    led = (mapping.leader >= 0) & ~in_chart
    filled[:, led] = filled[:, mapping.leader[led]]
    hugging = (mapping.role == Role.LASHES) & ~led
    if hugging.any() and in_chart.any():
        near, share = _nearest_skin(points, in_chart, hugging)
        filled[:, hugging] = np.einsum("nk,cnkd->cnd", share, filled[:, near])
    return filled


def _jaw_vertices(mapping: HeadMapping, in_chart: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Skin vertices that the canonical head says move with the jaw bone."""
    rigid = load_canonical().regions["jaw_rigid"]
    here = np.flatnonzero(in_chart)
    chosen: NDArray[np.int64] = here[rigid[canonical_surface().nearest_vertex(mapping.uv[here])]]
    return chosen


def _tongue_out(tongue: Float64) -> Float64:
    """Displacement (V, 3) of another tongue: the canonical one's at the same place in the tongue's box."""
    head = load_canonical()
    own = head.role == Role.TONGUE
    model = head.vertices[own].astype(np.float64)
    move = head.shapes[ARKIT_INDEX["tongueOut"], own].astype(np.float64)

    def boxed(points: Float64) -> tuple[Float64, Float64]:
        low, size = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
        return (points - low) / size, size

    (place, size), (model_place, model_size) = boxed(tongue), boxed(model)
    distance, near = cKDTree(model_place).query(place, k=4)
    weight = 1.0 / (distance + 1e-6)
    blended = np.einsum("nk,nkd->nd", weight / weight.sum(axis=1, keepdims=True), move[near])
    # One factor, the length's: another per axis would bend the path out of the mouth.
    out: Float64 = blended * float(size[2] / model_size[2])
    return out


def _nearest_skin(
    points: Float64, in_chart: NDArray[np.bool_], hugging: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Float64]:
    """(N, 3) nearest skin vertices of everything that hugs the skin, and their weights."""
    skin = np.flatnonzero(in_chart)
    distance, near = cKDTree(points[skin]).query(points[hugging], k=3)
    weight = 1.0 / (distance + 1e-6)
    return skin[near], weight / weight.sum(axis=1, keepdims=True)
