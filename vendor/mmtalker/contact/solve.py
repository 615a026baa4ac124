"""The curves of the detail modes: in each frame as little as makes a head's lips meet and not cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from mmtalker.contact.bounded import nearest_within
from mmtalker.contact.fade import falling
from mmtalker.contact.gaps import FAR, clearances
from mmtalker.contact.lips import canonical_lips, meeting_axes
from mmtalker.contact.modes import WAVES
from mmtalker.contact.slices import lip_slices
from mmtalker.mesh.mesh import Float32
from mmtalker.motion.arkit import ARKIT_INDEX

MEETING = (0.0003, 0.0010)
"""Metres that the canonical lips open from rest. Up to the first they meet; beyond what a head lacks at most
by the second, its own gap counts alone. Between, its gap comes nearer to theirs the smaller theirs is."""

LACKING = 0.0015
"""Metres beyond its own gap at rest that are closed: what lacks more is another artist's idea of a shape."""

MIDDLE = (0.5, 0.8)
"""Shares of half the mouth's width: up to the first lips are brought together, from the second on parted."""

STRAY = (0.0015, 0.003)
"""Metres that a slice is further apart at rest than the middle ones: from the second on it is not of lips."""

JUMP = (0.003, 0.006)
"""Metres between points of a slice: from the second on, folds in the chart have it jump to other skin."""

MOVING = (0.0002, 0.0010)
"""Metres by which the canonical lips have moved: up to the first a face rests, from the second it speaks."""

SPOKEN = 0.16
"""Seconds around motion in which a face is not at rest."""

PASSES = 3
"""Lips are round: each time they have moved, it is looked at again where they are nearest."""

STILL = 1e-6
"""Metres: frames in which lips lack less are left alone."""

SMOOTHING = 0.016
"""Seconds, the deviation of a blur of what is to be closed."""

MARGIN = 0.00015
"""Metres left between lips at least: what lies between two slices is uncertain by as much."""

RIDGE = 0.03
"""Weight of small curves against what lips lack, relative to the modes' own."""

LARGEST = 1.0
"""No mode goes further: lips that lack more than that were not found where they are."""


def solve_contact(curves: Float32, lips: Float32, names: tuple[str, ...], rate: float) -> Float32:
    """Return the (T, 2 * WAVES) curves of the detail modes, never negative.

    Where the canonical head's own lips meet at the same curves, this head's are to meet; where they cross,
    they are parted; elsewhere they stay as they are, and so do lips at rest.

    Args:
        curves: (T, K) finished.
        lips: (1 + K + 2 * WAVES, S, 2, A, 3) of :func:`mmtalker.contact.lips.read_lips`: detail modes last.
        names: K channels.
        rate: of the curves, Hz.
    """
    count = len(names)
    flat = lips @ meeting_axes(lips[0])
    shaped = _posed(curves, flat[1 : 1 + count]) + flat[0]
    gap, rest = clearances(shaped), clearances(flat[:1])
    opening, moved = _canonical_opening(curves, names)
    speaking = _speaking(moved, rate)[:, None]
    whole = _whole(lips[0])
    of_lips = whole * _beside_others(rest)
    share = speaking * _in_reach(gap) * of_lips
    closing = share * _excess(gap, rest, opening)
    wanted = gap - gaussian_filter1d(closing, SMOOTHING * rate, axis=0, mode="nearest")
    wanted += speaking * np.maximum(MARGIN - wanted, 0.0)
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    busy = np.flatnonzero((np.abs(gap - wanted) > STILL).any(axis=1))
    if len(busy):
        modes = flat[1 + count : 1 + count + WAVES]
        bound = np.flatnonzero(whole[0] > 0.5)
        signed[busy] = _solve(shaped[busy], modes, gap[busy], wanted[busy], of_lips, bound)
    return np.concatenate([np.maximum(signed, 0.0), np.maximum(-signed, 0.0)], axis=1)


def _in_reach(gap: Float32) -> Float32:
    """1 where lips are above each other, to 0 where they are so far apart that they may not be."""
    return falling(gap, 0.75 * FAR, FAR).astype(np.float32)


def _whole(slices: Float32) -> Float32:
    """(1, S) 1 where (S, 2, A, 3) points at rest are one line on each lip, to 0 where they jump."""
    steps = np.linalg.norm(np.diff(slices, axis=2), axis=3)
    return falling(steps.max(axis=(1, 2)), *JUMP).astype(np.float32)[None]


def _beside_others(rest: Float32) -> Float32:
    """1 where a slice with a gap of (1, S) at rest is like the middle ones, to 0 where it went astray."""
    middle = np.median(rest[:, np.abs(lip_slices().across) < MIDDLE[0]])
    return falling(rest - middle, *STRAY).astype(np.float32)


def _excess(gap: Float32, rest: Float32, opening: Float32) -> Float32:
    """(T, S) metres by which lips are to come nearer; ``rest`` is (1, S), the others (T, S)."""
    most = np.maximum(rest, 0.0) + LACKING
    across = np.abs(lip_slices().across)
    closeness = falling(opening, MEETING[0], MEETING[1] + most) * falling(across, *MIDDLE)
    excess: Float32 = closeness * np.clip(gap - np.maximum(opening - MEETING[0], 0.0), 0.0, most)
    return excess


def _solve(
    shaped: Float32,
    modes: Float32,
    gap: Float32,
    wanted: Float32,
    of_lips: Float32,
    bound: NDArray[np.intp],
) -> Float32:
    """Find the curves of the modes, those that part lips as negative ones.

    Args:
        shaped: (T, S, 2, A, 2) slices without the modes. modes: (WAVES, S, 2, A, 2).
        gap, wanted: (T, S) metres between lips, as they are and as they are to be.
        of_lips: (1, S) 0 where there is nothing to move.
        bound: slices in which lips may not cross.

    Returns:
        (T, WAVES).
    """
    response = _response(modes)
    own = np.zeros((len(shaped), WAVES), dtype=np.float32)
    floor = np.minimum(wanted, MARGIN)
    first = _in_reach(gap)
    for turn in range(PASSES):
        if turn:
            gap = clearances(shaped + _posed(own, modes))
        lack = of_lips * np.minimum(first, _in_reach(gap)) * (gap - wanted)
        step = _step(response, lack, (gap - floor)[:, bound], bound, own)
        own = np.clip(own + step, -LARGEST, LARGEST)
    return own


def _canonical_opening(curves: Float32, names: tuple[str, ...]) -> tuple[Float32, Float32]:
    """(T, S) metres that the canonical lips are further apart than at rest, and (T,) that they have moved."""
    known = [k for k, name in enumerate(names) if name in ARKIT_INDEX]
    lips = canonical_lips()
    flat = lips @ meeting_axes(lips[0])
    moves = _posed(curves[:, known], flat[[1 + ARKIT_INDEX[names[k]] for k in known]])
    opening: Float32 = clearances(flat[0] + moves) - np.maximum(clearances(flat[:1]), 0.0)
    return opening, np.abs(moves).max(axis=(1, 2, 3, 4))


def _posed(curves: Float32, shapes: Float32) -> Float32:
    """(T, S, 2, A, 2) of (T, K) curves on (K, S, 2, A, 2) shapes."""
    posed: Float32 = (curves @ shapes.reshape(len(shapes), -1)).reshape(len(curves), *shapes.shape[1:])
    return posed


def _response(modes: Float32) -> Float32:
    """(WAVES, S) metres by which each mode at 1 brings the edges of the lips together."""
    edge = modes[:, :, :, modes.shape[3] // 2, 1]
    response: Float32 = edge[:, :, 1] - edge[:, :, 0]
    return response


def _step(
    response: Float32, lack: Float32, room: Float32, bound: NDArray[np.intp], before: Float32
) -> Float32:
    """Return what is to be added to the curves ``before``: least squares, but no slice may cross.

    Args:
        response: (WAVES, S) of :func:`_response`.
        lack: (T, S) metres to bring lips together by, negative where they are to part.
        room: (T, B) metres that lips may come together at most, negative where they have to part.
        bound: (B,) the slices of which that holds.
        before: (T, WAVES).

    Returns:
        (T, WAVES).
    """
    own = np.eye(len(response), dtype=np.float32)
    square = response @ response.T
    ridge = RIDGE * float(np.trace(square)) / len(response)
    square = square + ridge * own
    best: Float32 = np.linalg.solve(square, (lack @ response.T - ridge * before).T).T
    # Curves in metres too, so that all bounds are of a kind.
    metres = float(response.max())
    bounds: Float32 = np.concatenate([response.T[bound], metres * own, -metres * own])
    limits = np.concatenate([room, metres * (LARGEST - before), metres * (LARGEST + before)], axis=1)
    return nearest_within(best, square, bounds, limits)


def _speaking(moved: Float32, rate: float) -> Float32:
    """(T,) 0 at rest to 1 in speech, from (T,) metres that lips have moved."""
    reach = max(1, round(SPOKEN * rate))
    widened = maximum_filter1d(1.0 - falling(moved, *MOVING), 2 * reach + 1, mode="nearest")
    smooth: Float32 = gaussian_filter1d(widened, 0.4 * reach, mode="nearest").astype(np.float32)
    return smooth
