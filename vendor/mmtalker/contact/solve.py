"""The curves of the detail modes: in each frame as little as makes a head's lips meet and not cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from mmtalker.contact.bounded import nearest_within
from mmtalker.contact.fade import falling
from mmtalker.contact.gaps import FAR, certain_clearances, clearances, refined_clearances
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

STILL = 2e-5
"""Metres: frames in which lips lack less are left alone."""

SETTLED = 0.005
"""Frames in which no curve has changed by more are not looked at again: lips go on in them by 0.03 mm."""

SMOOTHING = 0.016
"""Seconds, the deviation of a blur of what is to be closed."""

MARGIN = 0.00015
"""Metres left between lips at least: what lies between two slices is uncertain by as much."""

WINDOW = 1500
"""Frames that are solved at once, so that memory does not grow with the length of a clip."""

CONTEXT = 0.6
"""Seconds before and after a window that can change what is in it: twice what the filters over time reach."""

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
    head, canonical = _Head.of(lips, len(names)), _Canonical.of(names)
    margin = round(CONTEXT * rate) + 1
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    for start in range(0, len(curves), WINDOW):
        first = max(0, start - margin)
        part = _solve_window(curves[first : start + WINDOW + margin], head, canonical, rate)
        signed[start : start + WINDOW] = part[start - first : start - first + WINDOW]
    return np.concatenate([np.maximum(signed, 0.0), np.maximum(-signed, 0.0)], axis=1)


@dataclass(frozen=True, eq=False)
class _Head:
    """What a head's slices say whatever it does.

    Attributes:
        still: (S, 2, A, 2) slices at rest. shapes: (K, ...), modes: (WAVES, ...) what is added to them.
        rest: (1, S) clearances at rest.
        of_lips: (1, S) 1 for a slice of lips, to 0 for one that went astray.
        bound: slices in which lips may not cross.
    """

    still: Float32
    shapes: Float32
    modes: Float32
    rest: Float32
    of_lips: Float32
    bound: NDArray[np.intp]

    @staticmethod
    def of(lips: Float32, count: int) -> _Head:
        flat = lips @ meeting_axes(lips[0])
        rest, whole = clearances(flat[:1]), _whole(lips[0])
        bound = np.flatnonzero(whole[0] > 0.5)
        shapes, modes = flat[1 : 1 + count], flat[1 + count : 1 + count + WAVES]
        return _Head(flat[0], shapes, modes, rest, whole * _beside_others(rest), bound)

    @property
    def most(self) -> Float32:
        """(1, S) metres by which lips are brought together at most."""
        most: Float32 = np.maximum(self.rest, 0.0) + LACKING
        return most


@dataclass(frozen=True, eq=False)
class _Canonical:
    """The canonical head's lips: (S, 2, A, 2) at rest, and (N, ...) shapes of N columns of the curves."""

    still: Float32
    shapes: Float32
    columns: list[int]

    @staticmethod
    def of(names: tuple[str, ...]) -> _Canonical:
        columns = [k for k, name in enumerate(names) if name in ARKIT_INDEX]
        lips = canonical_lips()
        flat = lips @ meeting_axes(lips[0])
        return _Canonical(flat[0], flat[[1 + ARKIT_INDEX[names[k]] for k in columns]], columns)


def _solve_window(curves: Float32, head: _Head, canonical: _Canonical, rate: float) -> Float32:
    """(T, WAVES) curves of the modes for (T, K) curves, those that part lips as negative ones."""
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    moves = _posed(curves[:, canonical.columns], canonical.shapes)
    speaking = _speaking(np.abs(moves).max(axis=(1, 2, 3, 4)), rate)[:, None]
    if not speaking.any():
        return signed
    share = speaking * head.of_lips * falling(np.abs(lip_slices().across), *MIDDLE).astype(np.float32)
    opening = _opening(moves, canonical.still, MEETING[1] + head.most, share > 0.0)
    share *= falling(opening, MEETING[0], MEETING[1] + head.most).astype(np.float32)

    shaped = _posed(curves, head.shapes) + head.still
    gap = certain_clearances(shaped)
    # What is to be closed is blurred over time, and what may cross is parted: there the gap has to be known.
    blur = round(4.0 * SMOOTHING * rate) + 1
    known = maximum_filter1d(share > 0.0, 2 * blur + 1, axis=0, mode="nearest")
    known |= (gap < MARGIN) & (speaking > 0.0)
    gap = refined_clearances(shaped, gap, known)
    closing = share * _in_reach(gap) * np.clip(gap - np.maximum(opening - MEETING[0], 0.0), 0.0, head.most)
    wanted = gap - gaussian_filter1d(closing, SMOOTHING * rate, axis=0, mode="nearest")
    wanted += speaking * np.maximum(MARGIN - wanted, 0.0)
    busy = np.flatnonzero((np.abs(gap - wanted) > STILL).any(axis=1))
    if len(busy):
        lack = gap[busy] - wanted[busy]
        gap = refined_clearances(shaped[busy], gap[busy], ~known[busy])
        signed[busy] = _solve(shaped[busy], head, gap, gap - lack)
    return signed


def _opening(moves: Float32, still: Float32, until: Float32, asked: NDArray[np.bool_]) -> Float32:
    """(T, S) metres that the canonical lips are further apart than at rest.

    Args:
        moves: (T, S, 2, A, 2) from ``still``, how they lie at rest.
        until: (1, S) metres from which on it need not be known, beyond that it is more.
        asked: (T, S) where it is wanted at all.
    """
    rest = np.maximum(clearances(still[None]), 0.0)
    shaped = still + moves
    certain = certain_clearances(shaped)
    opening: Float32 = refined_clearances(shaped, certain, asked & (certain - rest < until)) - rest
    return opening


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


def _solve(shaped: Float32, head: _Head, gap: Float32, wanted: Float32) -> Float32:
    """Find the curves of the modes, those that part lips as negative ones.

    Args:
        shaped: (T, S, 2, A, 2) slices without the modes.
        head: whose they are.
        gap, wanted: (T, S) metres between lips, as they are and as they are to be.

    Returns:
        (T, WAVES).
    """
    response = _response(head.modes)
    own = np.zeros((len(shaped), WAVES), dtype=np.float32)
    floor = np.minimum(wanted, MARGIN)
    first = _in_reach(gap)
    left = np.arange(len(shaped))
    for turn in range(PASSES):
        if turn:
            gap[left] = clearances(shaped[left] + _posed(own[left], head.modes))
        lack = head.of_lips * np.minimum(first[left], _in_reach(gap[left])) * (gap[left] - wanted[left])
        room = (gap[left] - floor[left])[:, head.bound]
        step = _step(response, lack, room, head.bound, own[left])
        own[left] = np.clip(own[left] + step, -LARGEST, LARGEST)
        left = left[np.abs(step).max(axis=1) > SETTLED]
        if not len(left):
            break
    return own


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
