"""Whether motion happens when it should: correlation, lag, warped offset, loudness, joins of windows.

Every function returns None where its figure has no value, such as the correlation of a face that never moves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

Float64 = NDArray[np.float64]

STILL = 1e-6
"""A track whose standard deviation is below this does not move."""

LAG_REACH = 0.3
"""Seconds: a larger shift is another syllable."""

MTM_SMOOTHING = 0.07
"""Seconds, standard deviation of the filter before extrema are looked for: about two video frames."""

MTM_BAND = 0.4
"""Seconds by which the warping may leave the diagonal, which keeps its cost linear in time."""


def correlation(truth: Float64, made: Float64) -> float | None:
    """Return Pearson's correlation of two (T,) tracks."""
    if len(truth) < 2 or truth.std() < STILL or made.std() < STILL:
        return None
    return float(np.corrcoef(truth, made)[0, 1])


def lag(truth: Float64, made: Float64, rate: float) -> float | None:
    """Return the shift in ms that makes ``made`` correlate best with ``truth``; positive when it is late.

    Whole frames are tried and a parabola through the best three gives the place between them.
    """
    reach = min(round(LAG_REACH * rate), len(truth) // 2)
    shifts = range(-reach, reach + 1)
    found = [_shifted_correlation(truth, made, shift) for shift in shifts]
    scores = np.array([-np.inf if value is None else value for value in found])
    if not np.isfinite(scores).any():
        return None
    best = int(np.argmax(scores))
    offset = 0.0
    if 0 < best < len(scores) - 1 and np.isfinite(scores[best - 1 : best + 2]).all():
        before, here, after = scores[best - 1 : best + 2]
        bend = before - 2.0 * here + after
        offset = 0.0 if bend == 0.0 else 0.5 * float(before - after) / float(bend)
    return 1000.0 * (shifts[best] + offset) / rate


def _shifted_correlation(truth: Float64, made: Float64, shift: int) -> float | None:
    """Correlation of truth at t with made at t + shift, where both are."""
    start, stop = max(0, -shift), len(truth) - max(0, shift)
    return correlation(truth[start:stop], made[start + shift : stop + shift])


def misalignments(truth: Float64, made: Float64, rate: float) -> list[float]:
    """Return the time offsets in ms of the lip gap's extrema, whose mean is MTM (arXiv 2503.20308).

    Both gaps are smoothed; dynamic time warping lays their derivatives over each other; wherever its path
    joins a peak with a peak or a valley with a valley, no further away than the true extrema on
    either side, the absolute difference of their times counts. Empty where nothing matches.
    """
    smooth = [gaussian_filter1d(track, MTM_SMOOTHING * rate) for track in (truth, made)]
    if min(track.std() for track in smooth) < STILL:
        return []
    slopes = [np.diff(track, prepend=track[0]) for track in smooth]
    kinds = [_extrema(track) for track in smooth]
    places = np.flatnonzero(kinds[0])
    found = []
    for true_frame, frame in warping_path(slopes[0], slopes[1], round(MTM_BAND * rate)):
        kind = kinds[0][true_frame]
        if kind == 0 or kind != kinds[1][frame]:
            continue
        number = int(np.searchsorted(places, true_frame))
        earliest = places[number - 1] if number > 0 else 0
        latest = places[number + 1] if number + 1 < len(places) else len(truth) - 1
        if earliest <= frame <= latest:
            found.append(1000.0 * abs(true_frame - frame) / rate)
    return found


def _extrema(track: Float64) -> NDArray[np.int8]:
    """(T,) 1 at a peak, -1 at a valley, else 0."""
    kinds = np.zeros(len(track), dtype=np.int8)
    kinds[find_peaks(track)[0]] = 1
    kinds[find_peaks(-track)[0]] = -1
    return kinds


def warping_path(a: Float64, b: Float64, band: int) -> list[tuple[int, int]]:
    """Return the pairs of frames that dynamic time warping joins, from first to last.

    Least sum of |a - b| over steps of one frame in either or both (Sakoe and Chiba 1978), at most ``band``
    frames from the diagonal.

    Args:
        a, b: (T,) tracks of one length.
        band: frames.
    """
    count = len(a)
    width = 2 * band + 1
    # Row i of the table holds b's frames i - band to i + band.
    cost = np.full((count + 1, width + 1), np.inf)
    cost[0, band] = 0.0
    step = np.zeros((count, width), dtype=np.int8)
    padded = np.pad(b, band, constant_values=np.inf)
    for i in range(count):
        local = np.abs(a[i] - padded[i : i + width]).tolist()
        # In a row's own columns: from (i-1, j-1) straight down, from (i-1, j) one to the right.
        above = cost[i].tolist()
        row, taken = [np.inf] * (width + 1), [0] * width
        left = np.inf
        for column in range(width):
            ways = (above[column], above[column + 1], left)
            way = ways.index(min(ways))
            left = local[column] + ways[way]
            row[column], taken[column] = left, way
        cost[i + 1], step[i] = row, taken
    path, i, column = [], count - 1, band
    while i >= 0:
        path.append((i, i + column - band))
        if i == 0 and column == band:
            break
        way = step[i, column]
        i, column = (i - 1, column) if way == 0 else (i - 1, column + 1) if way == 1 else (i, column - 1)
    return path[::-1]


def intensity_correlation(loudness: Sequence[float], lip_speed: Sequence[float]) -> float | None:
    """Return SLCC (arXiv 2503.20308): correlation of how loud pieces of speech are with how much lips move.

    Args:
        loudness: root mean square of each piece of speech.
        lip_speed: mean speed of the lips in it.
    """
    if len(loudness) < 3:
        return None
    return correlation(np.asarray(loudness, dtype=np.float64), np.asarray(lip_speed, dtype=np.float64))


def seam_ratio(speed: Float64, joins: Sequence[tuple[int, int]]) -> float | None:
    """Return the mean speed where windows join over that everywhere else; about 1 without a seam.

    Args:
        speed: (T,) of the face.
        joins: (first, behind the last) frame of each join.
    """
    inside = np.zeros(len(speed), dtype=bool)
    for start, stop in joins:
        inside[start:stop] = True
    if not inside.any() or inside.all() or speed[~inside].mean() < STILL:
        return None
    return float(speed[inside].mean() / speed[~inside].mean())
