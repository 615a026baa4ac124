"""Fitting ARKit channels to tracked contours: mouth and jaw, brows, lids, each on several heads at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lab.fitting.box_least_squares import box_least_squares
from lab.fitting.channel_prior import prior_precision
from lab.fitting.driven_heads import DrivenHead
from lab.fitting.face_mesh import BROW_PAIRS, CORNERS, GAP_PAIRS, MOUTH_PAIRS
from lab.fitting.frontal import Tracked
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float64 = NDArray[np.float64]

MOUTH_CHANNELS = tuple(n for n in ARKIT_NAMES if n.startswith(("mouth", "jaw")) and n != "jawForward")
BROW_CHANNELS = tuple(n for n in ARKIT_NAMES if n.startswith("brow"))
LID_CHANNELS = tuple(n for n in ARKIT_NAMES if n.startswith(("eyeBlink", "eyeSquint", "eyeWide")))
FITTED_CHANNELS = MOUTH_CHANNELS + BROW_CHANNELS + LID_CHANNELS

GAP_WEIGHT = 8.0
"""Of the lip gap, and of its three pairs each, beside 1 for a landmark in the contour."""

WIDTH_WEIGHT = 14.0

OBSERVATION_CM = 0.12
"""How far a tracked landmark errs: what the prior of the mouth's channels weighs beside the film."""

BROW_COST = 0.003
BLINK_COST = 0.001
LID_COST = 0.03
"""Of squinting and widening: the tracker's lower lid is uncertain, and a blink is a blink."""

ASYMMETRY_COST = 0.3
"""Of the squared difference between a mouth channel's two sides."""

MOUTH_SMOOTHNESS = 0.05
"""Too little to soften a closure, which its own weights hold, enough to still what contours leave open."""

BROW_SMOOTHNESS = 0.1

BROW_SIDEWAYS = 0.3
"""Weight of a brow's motion to the side beside its height."""

SHUT_PERCENTILE = 1.0
"""Of an eye's openings over all frames: it is shut."""

OPEN_PERCENTILE = 80.0
"""Of an eye's openings in one clip: it is open as usual in that clip, wherever the speaker looks."""

LOWER_LID_WEIGHT = 0.3

ITERATIONS = 400


def fit_mouth(tracked: Tracked, heads: Sequence[DrivenHead], expected: Float64 | None = None) -> Float64:
    """Return (M, 52) activations of jaw and mouth; the other channels are 0.

    Args:
        tracked: the film.
        heads: that are to repeat it.
        expected: (M, 52) mean of the prior (``channel_prior.py``); None for zero.
    """
    channels = [ARKIT_INDEX[name] for name in MOUTH_CHANNELS]
    rows, targets = [], []
    for head in heads:
        shapes = head.shapes[channels]
        for pair in MOUTH_PAIRS:
            for axis in (0, 1):
                rows.append(pair.weight * shapes[:, pair.landmark, axis])
                targets.append(pair.weight * tracked.landmarks[:, pair.landmark, axis])
        for upper, lower in GAP_PAIRS:
            rows.append(GAP_WEIGHT * (shapes[:, upper, 1] - shapes[:, lower, 1]))
            targets.append(GAP_WEIGHT * (tracked.landmarks[:, upper, 1] - tracked.landmarks[:, lower, 1]))
        right, left = CORNERS
        rows.append(WIDTH_WEIGHT * (shapes[:, left, 0] - shapes[:, right, 0]))
        targets.append(WIDTH_WEIGHT * (tracked.landmarks[:, left, 0] - tracked.landmarks[:, right, 0]))
    prior = len(heads) * OBSERVATION_CM**2 * prior_precision(MOUTH_CHANNELS)
    mean = None if expected is None else expected[:, channels] @ prior
    cost = prior + ASYMMETRY_COST * _differences(MOUTH_CHANNELS)
    return _solve(rows, targets, cost, MOUTH_SMOOTHNESS, tracked, channels, mean)


def fit_brows(tracked: Tracked, heads: Sequence[DrivenHead]) -> Float64:
    """Return (M, 52) activations of the brows, which count from their median height in each clip."""
    channels = [ARKIT_INDEX[name] for name in BROW_CHANNELS]
    landmarks = [pair.landmark for pair in BROW_PAIRS]
    moved = from_clip_level(tracked.landmarks[:, landmarks], tracked, 50.0)
    rows, targets = [], []
    for head in heads:
        for column, pair in enumerate(BROW_PAIRS):
            for axis, weight in ((0, BROW_SIDEWAYS * pair.weight), (1, pair.weight)):
                rows.append(weight * head.shapes[channels, pair.landmark, axis])
                targets.append(weight * moved[:, column, axis])
    cost = BROW_COST * np.eye(len(channels))
    return _solve(rows, targets, cost, BROW_SMOOTHNESS, tracked, channels)


def fit_lids(tracked: Tracked, heads: Sequence[DrivenHead]) -> Float64:
    """Return (M, 52) activations of the lids, which count from how open the eyes are in each clip."""
    channels = [ARKIT_INDEX[name] for name in LID_CHANNELS]
    opening, rise = lid_motion(tracked)
    rows, targets = [], []
    for head in heads:
        for side in (0, 1):
            rows += [head.lids[channels, side], LOWER_LID_WEIGHT * head.lower_lids[channels, side]]
            targets += [opening[:, side], LOWER_LID_WEIGHT * rise[:, side]]
    cost = np.diag([BLINK_COST if name.startswith("eyeBlink") else LID_COST for name in LID_CHANNELS])
    return _solve(rows, targets, cost, 0.0, tracked, channels)


def lid_motion(tracked: Tracked) -> tuple[Float64, Float64]:
    """Return what the lids do, as shares of the way from shut to the clip's usual opening.

    Returns:
        (M, 2) change of the right and left eye's opening, -1 when shut, and (M, 2) rise of the lower lids.
    """
    opening = tracked.lids[:, :, 0] - tracked.lids[:, :, 1]
    change = from_clip_level(opening, tracked, OPEN_PERCENTILE)
    whole = opening - change - np.percentile(opening, SHUT_PERCENTILE, axis=0)
    return change / whole, from_clip_level(tracked.lids[:, :, 1], tracked, 50.0) / whole


def from_clip_level(values: Float64, tracked: Tracked, percentile: float) -> Float64:
    """Return (M, ...) values less their percentile in each clip."""
    counted = np.empty_like(values)
    bounds = np.flatnonzero(np.diff(tracked.clip, prepend=-1, append=-1))
    for start, stop in pairwise(bounds):
        counted[start:stop] = values[start:stop] - np.percentile(values[start:stop], percentile, axis=0)
    return counted


def _differences(channels: Sequence[str]) -> Float64:
    """(K, K) quadratic form: the sum of squared differences between left and right channels."""
    form = np.zeros((len(channels), len(channels)))
    for left, name in enumerate(channels):
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            right = channels.index(name.removesuffix("Left") + "Right")
            form[[left, right], [left, right]] += 1.0
            form[[left, right], [right, left]] -= 1.0
    return form


def _solve(
    rows: Sequence[Float64],
    targets: Sequence[Float64],
    cost: Float64,
    smoothness: float,
    tracked: Tracked,
    channels: Sequence[int],
    towards: Float64 | None = None,
) -> Float64:
    activations = np.zeros((len(tracked.clip), len(ARKIT_NAMES)))
    activations[:, channels] = box_least_squares(
        np.stack(rows), np.stack(targets, axis=1), cost, smoothness, tracked.follows, ITERATIONS, towards
    )
    return activations
