"""The curves of the detail modes: in each frame as little as makes a head's lips meet and not cross."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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

PASSES = 6
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


def solve_contact(curves: Float32, head: ContactHead, names: tuple[str, ...], rate: float) -> Float32:
    """Return the (T, 2 * WAVES) curves of the detail modes, never negative.

    Where the canonical head's own lips meet at the same curves, this head's are to meet; where they cross,
    they are parted; elsewhere they stay as they are, and so do lips at rest.

    Args:
        curves: (T, K) finished.
        head: whose lips.
        names: K channels.
        rate: of the curves, Hz.
    """
    canonical = _Canonical.of(names)
    margin = round(CONTEXT * rate) + 1
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    for start in range(0, len(curves), WINDOW):
        first = max(0, start - margin)
        part = _solve_window(curves[first : start + WINDOW + margin], head, canonical, rate)
        signed[start : start + WINDOW] = part[start - first : start - first + WINDOW]
    return np.concatenate([np.maximum(signed, 0.0), np.maximum(-signed, 0.0)], axis=1)


@dataclass(frozen=True, eq=False)
class ContactHead:
    """What a head's slices say whatever it does; lines as in :mod:`mmtalker.contact.gaps`.

    Attributes:
        still: (2, 2, A, S) slices at rest.
        shapes: (2, 2, A, S, K), modes: (2, 2, A, S, WAVES) what is added to them.
        rest: (S, 1) clearances at rest.
        of_lips: (S, 1) 1 for a slice of lips, to 0 for one that went astray.
        bound: slices in which lips may not cross.
    """

    still: Float32
    shapes: Float32
    modes: Float32
    rest: Float32
    of_lips: Float32
    bound: NDArray[np.intp]

    @staticmethod
    def of(lips: Float32, count: int) -> ContactHead:
        """Prepare a head.

        Args:
            lips: (1 + K + 2 * WAVES, S, 2, A, 3) of :func:`mmtalker.contact.lips.read_lips`: detail modes
                last.
            count: K.
        """
        lines, whole = _lines(lips), _whole(lips[0])
        still, shapes, modes = (
            np.ascontiguousarray(part)
            for part in (lines[..., 0], lines[..., 1 : 1 + count], lines[..., 1 + count : 1 + count + WAVES])
        )
        rest = clearances(still)[:, None]
        return ContactHead(
            still, shapes, modes, rest, whole * _beside_others(rest), np.flatnonzero(whole > 0.5)
        )

    @property
    def most(self) -> Float32:
        """(S, 1) metres by which lips are brought together at most."""
        most: Float32 = np.maximum(self.rest, 0.0) + LACKING
        return most


@dataclass(frozen=True, eq=False)
class _Canonical:
    """The canonical head's lips.

    Attributes:
        still: (2, 2, A, S) at rest. rest: (S, 1) clearances there, not negative.
        shapes: (2, 2, A, S, N) shapes of N columns of the curves.
    """

    still: Float32
    rest: Float32
    shapes: Float32
    columns: list[int]

    @staticmethod
    @lru_cache(maxsize=4)
    def of(names: tuple[str, ...]) -> _Canonical:
        columns = [k for k, name in enumerate(names) if name in ARKIT_INDEX]
        lines = _lines(canonical_lips())
        still = np.ascontiguousarray(lines[..., 0])
        shapes = lines[..., [1 + ARKIT_INDEX[names[k]] for k in columns]]
        rest = np.maximum(clearances(still), 0.0)[:, None]
        return _Canonical(still, rest, np.ascontiguousarray(shapes), columns)


def _lines(lips: Float32) -> Float32:
    """(2, 2, A, S, N) lines of (N, S, 2, A, 3) slices, whose first are at rest."""
    lines: Float32 = (lips @ meeting_axes(lips[0])).transpose(2, 4, 3, 1, 0)
    return lines


def _solve_window(curves: Float32, head: ContactHead, canonical: _Canonical, rate: float) -> Float32:
    """(T, WAVES) curves of the modes for (T, K) curves, those that part lips as negative ones."""
    signed = np.zeros((len(curves), WAVES), dtype=np.float32)
    posed = _posed(canonical.shapes, curves[:, canonical.columns])
    flat = posed.reshape(-1, len(curves))
    speaking = _speaking(np.maximum(flat.max(axis=0), -flat.min(axis=0)), rate)
    if not speaking.any():
        return signed
    posed += canonical.still[..., None]
    share = speaking * (head.of_lips * falling(np.abs(lip_slices().across), *MIDDLE)[:, None])
    opening = _opening(posed, canonical.rest, MEETING[1] + head.most, share > 0.0)
    share *= falling(opening, MEETING[0], MEETING[1] + head.most)

    posed = _posed(head.shapes, curves)
    posed += head.still[..., None]
    gap = certain_clearances(posed)
    # Exact where it says something: first for what is to be closed, then for what may cross.
    known = share > 0.0
    gap = refined_clearances(posed, gap, known)
    closing = share * _in_reach(gap) * np.clip(gap - np.maximum(opening - MEETING[0], 0.0), 0.0, head.most)
    closing = gaussian_filter1d(closing, SMOOTHING * rate, mode="nearest")
    doubtful = (gap - closing < MARGIN) & (speaking > 0.0) & ~known
    gap = refined_clearances(posed, gap, doubtful)
    wanted = gap - closing
    wanted += speaking * np.maximum(MARGIN - wanted, 0.0)
    busy = np.flatnonzero((np.abs(gap - wanted) > STILL).any(axis=0))
    if len(busy):
        lack, posed = (gap - wanted)[:, busy], posed[..., busy]
        gap = refined_clearances(posed, gap[:, busy], ~(known | doubtful)[:, busy])
        signed[busy] = _solve(posed, head, gap, gap - lack).T
    return signed


def _opening(posed: Float32, rest: Float32, until: Float32, asked: NDArray[np.bool_]) -> Float32:
    """(S, T) metres that the canonical lips are further apart than at rest.

    Args:
        posed: (2, 2, A, S, T) lines.
        rest: (S, 1) clearances at rest.
        until: (S, 1) metres from which on it need not be known, beyond that it is more.
        asked: (S, T) where it is wanted at all.
    """
    certain = certain_clearances(posed)
    opening: Float32 = refined_clearances(posed, certain, asked & (certain - rest < until)) - rest
    return opening


def _in_reach(gap: Float32) -> Float32:
    """1 where lips are above each other, to 0 where they are so far apart that they may not be."""
    return falling(gap, 0.75 * FAR, FAR).astype(np.float32)


def _whole(slices: Float32) -> Float32:
    """(S, 1) 1 where (S, 2, A, 3) points at rest are one line on each lip, to 0 where they jump."""
    steps = np.linalg.norm(np.diff(slices, axis=2), axis=3)
    return falling(steps.max(axis=(1, 2)), *JUMP).astype(np.float32)[:, None]


def _beside_others(rest: Float32) -> Float32:
    """1 where a slice with a gap of (S, 1) at rest is like the middle ones, to 0 where it went astray."""
    middle = np.median(rest[np.abs(lip_slices().across) < MIDDLE[0]])
    return falling(rest - middle, *STRAY).astype(np.float32)


def _solve(posed: Float32, head: ContactHead, gap: Float32, wanted: Float32) -> Float32:
    """Find the curves of the modes, those that part lips as negative ones.

    Args:
        posed: (2, 2, A, S, T) lines without the modes.
        head: whose they are.
        gap, wanted: (S, T) metres between lips, as they are and as they are to be.

    Returns:
        (WAVES, T).
    """
    response = _response(head.modes)
    own = np.zeros((WAVES, posed.shape[-1]), dtype=np.float32)
    floor = np.minimum(wanted, MARGIN)
    first = _in_reach(gap)
    left = np.arange(posed.shape[-1])
    for turn in range(PASSES):
        if turn:
            gap[:, left] = clearances(posed[..., left] + _posed(head.modes, own[:, left].T))
        lack = head.of_lips * np.minimum(first[:, left], _in_reach(gap[:, left]))
        lack *= gap[:, left] - wanted[:, left]
        room = (gap[:, left] - floor[:, left])[head.bound]
        step = _step(response, lack, room, head.bound, own[:, left])
        own[:, left] = np.clip(own[:, left] + step, -LARGEST, LARGEST)
        left = left[np.abs(step).max(axis=0) > SETTLED]
        if not len(left):
            break
    return own


def _posed(shapes: Float32, curves: Float32) -> Float32:
    """(2, 2, A, S, T) of (T, K) curves on (2, 2, A, S, K) shapes."""
    posed: Float32 = shapes.reshape(-1, shapes.shape[-1]) @ curves.T
    return posed.reshape(*shapes.shape[:-1], len(curves))


def _response(modes: Float32) -> Float32:
    """(WAVES, S) metres by which each of (2, 2, A, S, WAVES) modes at 1 brings the edges together."""
    edge = modes[:, 1, modes.shape[2] // 2]
    response: Float32 = (edge[1] - edge[0]).T
    return response


def _step(
    response: Float32, lack: Float32, room: Float32, bound: NDArray[np.intp], before: Float32
) -> Float32:
    """Return what is to be added to the curves ``before``: least squares, but no slice may cross.

    Args:
        response: (WAVES, S) of :func:`_response`.
        lack: (S, T) metres to bring lips together by, negative where they are to part.
        room: (B, T) metres that lips may come together at most, negative where they have to part.
        bound: (B,) the slices of which that holds.
        before: (WAVES, T).

    Returns:
        (WAVES, T).
    """
    own = np.eye(len(response), dtype=np.float32)
    square = response @ response.T
    ridge = RIDGE * float(np.trace(square)) / len(response)
    square = square + ridge * own
    best: Float32 = np.linalg.solve(square, response @ lack - ridge * before)
    # Curves in metres too, so that all bounds are of a kind.
    metres = float(response.max())
    bounds: Float32 = np.concatenate([response.T[bound], metres * own, -metres * own])
    limits = np.concatenate([room, metres * (LARGEST - before), metres * (LARGEST + before)])
    return nearest_within(best.T, square, bounds, limits.T).T


def _speaking(moved: Float32, rate: float) -> Float32:
    """(T,) 0 at rest to 1 in speech, from (T,) metres that lips have moved."""
    reach = max(1, round(SPOKEN * rate))
    widened = maximum_filter1d(1.0 - falling(moved, *MOVING), 2 * reach + 1, mode="nearest")
    smooth: Float32 = gaussian_filter1d(widened, 0.4 * reach, mode="nearest").astype(np.float32)
    return smooth
