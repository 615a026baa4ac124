"""What was filmed, seen from the front: how landmarks move on the face, without the motion of the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.fitting.driven_heads import EYE_CORNERS, EYE_DISTANCE_CM
from lab.fitting.face_mesh import (
    BROW_PAIRS,
    FEATURE_PAIRS,
    LOWER_LIDS,
    MOUTH_PAIRS,
    STABLE_POINTS,
    UPPER_LIDS,
    Pair,
)
from lab.fitting.head_pose import fit_pose, stabilise
from lab.fitting.identity_fit import Person, fit_person
from lab.heads.ict import FACE_COUNT, MULTI_PIE, IctModel
from lab.sources.grid_files import GRID_FPS, GridMotion

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

PAIRS = (*MOUTH_PAIRS, *BROW_PAIRS, *FEATURE_PAIRS)

JAWLINE_WEIGHT = 0.2
BROW_WEIGHT = 0.5
"""For telling whose face it is: the jaw's outline slides along the cheek, and brows are seldom at rest."""

MARGIN_S = 0.1
"""Seconds next to a word in which the mouth is not yet at rest."""

CLOSED_PERCENTILE = 30.0
"""Of the lip gap: in a silence with a larger one the speaker breathes."""


@dataclass(frozen=True)
class Film:
    """Tracked points by what they are; M frames in which a face was found.

    Attributes:
        landmarks: (M, 68, 2) Multi-PIE landmarks in pixels, y up; NaN for those that are not tracked.
        stable: (M, S, 2) points that the skull carries.
        lids: (M, 4, 2) middle of the right eye's upper and lower margin, then the left eye's.
    """

    landmarks: Float64
    stable: Float64
    lids: Float64


@dataclass(frozen=True)
class Tracked:
    """How the face moves, in cm at ``EYE_DISTANCE_CM``; M frames in which a face was found.

    Attributes:
        valid: (N,) the frames of the recordings in which a face was found.
        clip: (M,) number of each frame's clip.
        follows: (M,) whether a frame follows the one before it without a cut.
        landmarks: (M, 68, 2) displacement from rest, x to the subject's left, y up; NaN if not tracked.
        lids: (M, 2, 2) height of the upper and the lower margin of the right and the left eye.
    """

    valid: Mask
    clip: Int64
    follows: Mask
    landmarks: Float64
    lids: Float64


def find_frames(grid: GridMotion) -> tuple[Mask, Int64, Mask]:
    """Return ``valid``, ``clip`` and ``follows`` of :class:`Tracked`."""
    valid = np.isfinite(grid.landmarks).all(axis=(1, 2))
    owner = np.full(len(valid), -1, dtype=np.int64)
    for number, clip in enumerate(grid.clips):
        owner[clip.rows] = number
    rows = np.flatnonzero(valid)
    clip_of = owner[rows]
    follows = np.zeros(len(rows), dtype=bool)
    follows[1:] = (np.diff(rows) == 1) & (np.diff(clip_of) == 0)
    return valid, clip_of, follows


def resting_face(grid: GridMotion, points: Float64, valid: Mask) -> Float64:
    """Return the (1, P, 3) median face over silent frames with closed lips, seen as on the average.

    Args:
        grid: the recordings.
        points: (M, P, 3) tracked points in pixels, y up.
        valid: (N,) the frames that they belong to.
    """
    columns = [grid.column(point) for point in STABLE_POINTS if point in grid.landmark_index]
    still = stabilise(points, columns)
    silent = np.zeros(len(valid), dtype=bool)
    for clip in grid.clips:
        for start, end, word in clip.words:
            if word == "sil":
                first = clip.rows.start + int(np.ceil((start + MARGIN_S) * GRID_FPS))
                last = clip.rows.start + int((end - MARGIN_S) * GRID_FPS)
                silent[first : min(last, clip.rows.stop)] = True
    gap = still[:, grid.column(13), 1] - still[:, grid.column(14), 1]
    closed = silent[valid] & (gap < np.percentile(gap, CLOSED_PERCENTILE))
    face: Float64 = np.median(still[closed], axis=0)
    return face[None]


def sort_points(grid: GridMotion, points: Float64) -> Film:
    """Bring (M, P, 3) tracked points together by what they are."""

    def mean(of: tuple[int, ...]) -> Float64:
        middle: Float64 = points[:, [grid.column(point) for point in of], :2].mean(axis=1)
        return middle

    landmarks = np.full((len(points), len(MULTI_PIE), 2), np.nan)
    for pair in PAIRS:
        if all(point in grid.landmark_index for point in pair.points):
            landmarks[:, pair.landmark] = mean(pair.points)
    stable = [mean((point,)) for point in STABLE_POINTS if point in grid.landmark_index]
    lids = [
        mean(margin) for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True) for margin in (upper, lower)
    ]
    return Film(landmarks, np.stack(stable, axis=1), np.stack(lids, axis=1))


def recognise(rest: Film, model: IctModel) -> Person:
    """Fit the head model's identity to the resting face."""
    pairs = [pair for pair in PAIRS if np.isfinite(rest.landmarks[0, pair.landmark, 0])]
    landmark = [pair.landmark for pair in pairs]
    rows = MULTI_PIE[landmark]
    return fit_person(
        model.neutral[:FACE_COUNT].astype(np.float64) * 100.0,
        model.identities[:, :FACE_COUNT].astype(np.float64) * 100.0,
        rows,
        rest.landmarks[0, landmark],
        np.array([_identity_weight(pair) for pair in pairs]),
    )


def _identity_weight(pair: Pair) -> float:
    if pair.landmark < 17:
        return JAWLINE_WEIGHT
    return BROW_WEIGHT if pair in BROW_PAIRS else 1.0


def see_from_front(
    film: Film, rest: Film, person: Person, forward: Float64 | None = None
) -> tuple[Float64, Float64]:
    """Take the head's motion out of all frames.

    Args:
        film: all frames. rest: the resting face.
        person: whose face it is.
        forward: (M, 68) how far the landmarks came out of the face, cm at ``EYE_DISTANCE_CM``; on a head that
            looks past the camera this moves them sideways.

    Returns:
        ``landmarks`` and ``lids`` of :class:`Tracked`.
    """
    depth = person.vertices[MULTI_PIE, 2]
    right, left = person.vertices[MULTI_PIE[list(EYE_CORNERS)]]
    size = EYE_DISTANCE_CM / float(np.linalg.norm(left - right))

    # The places come from the film and only the depth from the model, so that its errors move nothing.
    stable_depth = person.depth(rest.stable[0])
    skull = person.pose.frontal(rest.stable, stable_depth)[0]
    pose = fit_pose(np.concatenate([skull, stable_depth[:, None]], axis=1), film.stable)

    came = depth if forward is None else depth + forward / size
    moved = pose.frontal(film.landmarks, came) - person.pose.frontal(rest.landmarks, depth)
    lids = pose.frontal(film.lids, person.depth(rest.lids[0]))
    return moved * size, lids[..., 1].reshape(-1, 2, 2) * size
