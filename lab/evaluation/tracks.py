"""A face's motion as a few curves over time: lip gap, mouth width, jaw, lower lip to teeth, lids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.face import Face
from mmtalker.motion.arkit import ARKIT_INDEX

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """What the lips and lids do.

    Attributes:
        gap: (T,) mm, see :func:`lip_gap`.
        width: (T,) mm between the corners of the mouth.
        jaw: (T,) mm by which the points that are rigid with the jaw have gone down, on the average.
        lip_to_teeth: (T,) mm from the lower lip's edge to the upper teeth's, mean over five points of each
            one's nearest; None on a face without teeth.
        lids: (T,) 0 open as at rest to 1 shut as by the face's own blink shapes.
        lip_speed: (T,) mm/s, mean over the lip list; 0 in the first frame.
    """

    gap: Float64
    width: Float64
    jaw: Float64
    lip_to_teeth: Float64 | None
    lids: Float64
    lip_speed: Float64


def read_tracks(face: Face, motion: Float32, rate: float) -> Tracks:
    """Read the tracks off a displacement (T, P, 3) in mm at ``rate`` Hz."""
    corners = face.rest[face.corners] + motion[:, face.corners]
    return Tracks(
        gap=lip_gap(face, motion),
        width=np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1).astype(np.float64),
        jaw=-motion[:, face.lists["jaw"], 1].mean(axis=1).astype(np.float64),
        lip_to_teeth=_lip_to_teeth(face, motion),
        lids=_lid_closure(face, motion),
        lip_speed=speed(motion[:, face.lists["lips"]], rate),
    )


def lip_gap(face: Face, motion: Float32) -> Float64:
    """Return the (T,) height between the lips' inner edges, mean of the three middle pairs, mm.

    It counts from the face at rest, where lips touch although their points may be a millimetre apart. Below 0
    they are pressed together.
    """
    change = motion[:, face.middle_lip_pairs, 1]
    gap: Float64 = (change[..., 0] - change[..., 1]).mean(axis=1, dtype=np.float64)
    return gap


def speed(motion: Float32, rate: float) -> Float64:
    """Return the (T,) mean speed of (T, P, 3) points, mm/s; 0 in the first frame."""
    steps = np.linalg.norm(np.diff(motion.astype(np.float64), axis=0), axis=2).mean(axis=1)
    moving: Float64 = np.concatenate([np.zeros(min(1, len(motion))), steps * rate])
    return moving


def _heights(face: Face, motion: Float32, pairs: Int64) -> Float64:
    """(T, G) mm by which the upper point of each pair is above the lower one."""
    height = face.rest[pairs, 1] + motion[:, pairs, 1]
    difference: Float64 = (height[..., 0] - height[..., 1]).astype(np.float64)
    return difference


def _lid_closure(face: Face, motion: Float32) -> Float64:
    """(T,) 0 as at rest, 1 as far down as the face's own blinks go."""
    # The sum over pairs: those at the corners of the eyes hardly open and would be noise on their own.
    blink = (face.shapes[ARKIT_INDEX["eyeBlinkLeft"]] + face.shapes[ARKIT_INDEX["eyeBlinkRight"]])[None]
    opening, rest, shut = (
        _heights(face, moved, face.lid_pairs).sum(axis=1) for moved in (motion, 0.0 * blink, blink)
    )
    closure: Float64 = (rest - opening) / (rest - shut)
    return closure


def _lip_to_teeth(face: Face, motion: Float32) -> Float64 | None:
    if not len(face.teeth):
        return None
    lip = face.rest[face.biting_points] + motion[:, face.biting_points]
    away = np.linalg.norm(lip[:, :, None] - face.teeth[None, None], axis=3)
    nearest: Float64 = away.min(axis=2).mean(axis=1).astype(np.float64)
    return nearest
