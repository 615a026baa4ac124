"""Errors of moving points: what the field calls LVE, EVE, MVE, FDD and MOD.

Formulas are those that public evaluation code computes. Motion is displacement from the face at rest,
(T, P, 3) in mm; a list says which of the P points count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

M2_PER_MM2 = 1e-6


def check_motion(motion: Float32, frames: int, points: int, what: str) -> Float32:
    """Return ``motion`` if it can be measured.

    Args:
        motion: what a system made.
        frames, points: how many it should have.
        what: names system and recording, such as ``ridge on bbaf2n``.

    Raises:
        MMTalkerError: INTERNAL when its shape is another, or a number is not finite.
    """
    if motion.shape != (frames, points, 3):
        raise MMTalkerError(
            ErrorCode.INTERNAL,
            f"The prediction of {what} has the shape {motion.shape} and not {(frames, points, 3)}. "
            "A system predicts one displacement for each frame of speech and each point of the face.",
        )
    finite = np.isfinite(motion).all(axis=(1, 2))
    if not finite.all():
        first = int(np.flatnonzero(~finite)[0])
        raise MMTalkerError(
            ErrorCode.INTERNAL,
            f"The prediction of {what} is not a number in {int((~finite).sum())} of {frames} frames, first "
            f"in frame {first}. Mend the system; nothing can be measured on it.",
        )
    return motion


def vertex_error(truth: Float32, made: Float32, points: Int64) -> Float64:
    """Return the (T,) largest squared distance among ``points`` in every frame, mm².

    Its mean over the frames of all sequences is LVE over the lips (lip vertex error, the E_vl of arXiv
    2604.02941; Richard et al. 2021, MeshTalk) and EVE over the eye region (E_ve).
    """
    error = made[:, points] - truth[:, points]
    largest: Float64 = np.einsum("tpc,tpc->tp", error, error).max(axis=1).astype(np.float64)
    return largest


def mean_distance(truth: Float32, made: Float32, points: Int64) -> Float64:
    """Return the (T,) mean distance over ``points`` in every frame, mm; its mean over frames is MVE."""
    error = made[:, points] - truth[:, points]
    distance = np.sqrt(np.einsum("tpc,tpc->tp", error, error))
    mean: Float64 = distance.mean(axis=1, dtype=np.float64)
    return mean


def dynamics(motion: Float32, points: Int64) -> float:
    """Return how much ``points`` move about, mm².

    Standard deviation over frames of each point's squared displacement from rest, mean over the points.
    """
    chosen = motion[:, points]
    squared = np.einsum("tpc,tpc->tp", chosen, chosen)
    return float(squared.std(axis=0, dtype=np.float64).mean())


def dynamics_deviation(truth: Float32, made: Float32, points: Int64) -> float:
    """Return FDD of one sequence, mm²: the truth's :func:`dynamics` less the prediction's.

    After Xing et al. 2023 (CodeTalker). Positive where the prediction moves less. Signed, so that a mean over
    sequences can cancel out; print the mean of its absolute value too.
    """
    return dynamics(truth, points) - dynamics(made, points)


def opening_difference(truth: Float64, made: Float64) -> Float64:
    """Return the (T,) absolute difference of two lip gaps (T,), mm; its mean over frames is MOD.

    Lips pressed together are as shut as lips that touch.
    """
    difference: Float64 = np.abs(np.maximum(truth, 0.0) - np.maximum(made, 0.0))
    return difference
