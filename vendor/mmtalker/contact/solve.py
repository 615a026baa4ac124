"""The curves of the detail modes: in each frame as little as makes a head's lips meet and not cross."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

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

MOVING = (0.0002, 0.0010)
"""Metres by which the canonical lips have moved: up to the first a face rests, from the second it speaks."""

SPOKEN = 0.16
"""Seconds around motion in which a face is not at rest."""

PASSES = 3
"""Lips are round: each time they have moved, it is looked at again where they are nearest."""

STILL = 1e-6
"""Metres: frames in which lips lack less are left alone."""

CROSSING = (0.00005, 0.0003, 4.0)
"""Metres of crossing from which on, and up to which, a slice weighs more, and how many times more."""

SMOOTHING = 0.016
"""Seconds, the deviation of a blur of what is to be closed."""

MARGIN = 0.00018
"""Metres left between lips: what lies between two slices is uncertain by as much."""

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
    opening, moved = _canonical_opening(curves, names)
    speaking = _speaking(moved, rate)[:, None]
    count = len(names)
    flat = lips @ meeting_axes(lips[0])
    modes = flat[1 + count : 1 + count + WAVES]
    shaped = _posed(curves, flat[1 : 1 + count]) + flat[0]
    gap = clearances(shaped)
    apart = clearances(flat[:1])
    middle = np.median(apart[:, np.abs(lip_slices().across) < MIDDLE[0]])
    found = falling(gap, 0.75 * FAR, FAR) * falling(apart - middle, *STRAY)
    most = np.maximum(apart, 0.0) + LACKING
    closeness = falling(opening, MEETING[0], MEETING[1] + most) * falling(
        np.abs(lip_slices().across), *MIDDLE
    )
    excess = np.clip(gap - np.maximum(opening - MEETING[0], 0.0), 0.0, most)
    closing = gaussian_filter1d(speaking * closeness * excess, SMOOTHING * rate, axis=0, mode="nearest")
    wanted = gap - closing
    wanted += speaking * np.maximum(MARGIN - wanted, 0.0)
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    busy = np.flatnonzero((np.abs(gap - wanted) > STILL).any(axis=1))
    wanted, found, shaped, own = wanted[busy], found[busy], shaped[busy], signed[busy]
    for turn in range(PASSES if len(busy) else 0):
        gap = clearances(shaped + _posed(own, modes)) if turn else gap[busy]
        own = own + _least_squares(_response(modes), found * (gap - wanted), own)
        own = np.clip(own, -LARGEST, LARGEST)
    signed[busy] = own
    return np.concatenate([np.maximum(signed, 0.0), np.maximum(-signed, 0.0)], axis=1)


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


def _least_squares(response: Float32, lack: Float32, before: Float32) -> Float32:
    """(T, WAVES) to add to the curves ``before`` for (T, S) metres lips lack, negative where they cross."""
    start, stop, more = CROSSING
    weight = 1.0 + more * (1.0 - falling(-lack, start, stop))
    weighted = weight[:, None, :] * response
    square = weighted @ response.T
    ridge = RIDGE * float(np.trace(response @ response.T)) / len(response)
    right = weighted @ lack[..., None] - ridge * before[..., None]
    solved: Float32 = np.linalg.solve(square + ridge * np.eye(len(response), dtype=np.float32), right)[..., 0]
    return solved


def _speaking(moved: Float32, rate: float) -> Float32:
    """(T,) 0 at rest to 1 in speech, from (T,) metres that lips have moved."""
    reach = max(1, round(SPOKEN * rate))
    widened = maximum_filter1d(1.0 - falling(moved, *MOVING), 2 * reach + 1, mode="nearest")
    smooth: Float32 = gaussian_filter1d(widened, 0.4 * reach, mode="nearest").astype(np.float32)
    return smooth
