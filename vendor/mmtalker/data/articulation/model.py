"""How filmed speakers move for what phones ask: a linear model with one set of weights for each of them.

A speaker's curves are a sum of *gestures* and of *detail*: the features around each moment, which explain
what the gestures leave. Both are ridge regressions. Detail is believed in general only where several
speakers were filmed: what one does is his own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.articulation.demands import MOUTH, meet_demands
from mmtalker.data.articulation.gestures import FORCED, GESTURES, OPENING, gestures, smooth_effort
from mmtalker.data.phone_speech import Phone
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.arrays import write_arrays

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

EFFORT_STEPS = (-3, 0, 3)
"""Frames from which effort counts by itself: breath before a sound, and what follows it."""

OPENING_RIDGE, LIPS_RIDGE, OTHER_RIDGE, EFFORT_RIDGE = 1e-4, 1e-2, 1e-1, 5e-2
"""Cost of a squared weight, as a part of the number of frames.

How wide somebody opens is his own, and how far he rounds and spreads the lips; with the other gestures a fit
to one person soon serves others worse.
"""

DETAIL_STEPS = range(-15, 16, 3)
"""Frames around each moment whose features explain detail: 0.3 s to both sides."""

DETAIL_RIDGE = 0.008


@dataclass(frozen=True)
class Example:
    """One filmed recording at 50 Hz.

    Attributes:
        features: (T, F) articulatory features, hard ones of phones or soft ones of audio.
        curves: (T, 52) how the face moved.
        known: (52,) channels that ``curves`` tells.
        speaker: who was filmed.
        effort: (T,) see :func:`mmtalker.data.articulation.gestures.effort`; None if unknown.
    """

    features: Float32
    curves: Float32
    known: Mask
    speaker: str
    effort: Float32 | None = None


@dataclass(frozen=True)
class Style:
    """How one speaker moves.

    Attributes:
        gestures: (1 + D, 52) weights of the gestures, the first row being the constant.
        detail: (1 + E, 52) weights of the detail.
        known: (52,) channels of the mouth that were filmed.
    """

    gestures: Float64
    detail: Float64
    known: Mask


@dataclass(frozen=True)
class ArticulationModel:
    """Filmed speakers' styles by name."""

    styles: dict[str, Style]

    def motion(self, track: Float32, style: str | None = None, effort: Float32 | None = None) -> Float32:
        """Return (T, 52) curves as the regression has them, demands of articulation not yet met.

        Args:
            track: (T, F) articulatory features at 50 Hz.
            style: a filmed speaker, or None for what they have in common.
            effort: (T,) how loud the speech is, None for ordinary speech.

        Raises:
            MMTalkerError: BAD_REQUEST for a style that nobody was filmed with.
        """
        if style is not None and style not in self.styles:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"Nobody called {style!r} was filmed. Styles are: {', '.join(sorted(self.styles))}.",
            )
        chosen = list(self.styles.values()) if style is None else [self.styles[style]]
        known = np.maximum(sum(one.known.astype(float) for one in chosen), 1.0)
        made = gesture_terms(track, effort) @ (sum(one.gestures for one in chosen) / known)
        if style is not None or len(chosen) > 1:
            made = made + detail_terms(track) @ (sum(one.detail for one in chosen) / known)
        return np.clip(made, 0.0, 1.0).astype(np.float32)

    def curves(
        self,
        track: Float32,
        style: str | None = None,
        phones: Sequence[Phone] = (),
        effort: Float32 | None = None,
    ) -> Float32:
        """Return (T, 52) curves that meet the demands of articulation; channels nobody filmed are 0.

        Args:
            track: (T, F) articulatory features at 50 Hz.
            style: a filmed speaker, or None for what they have in common.
            phones: what ``track`` was made of; without them demands follow the track itself.
            effort: (T,) how loud the speech is, None for ordinary speech.
        """
        return meet_demands(self.motion(track, style, effort), track, phones)

    @property
    def known(self) -> Mask:
        """(52,) channels of the mouth that somebody was filmed with."""
        known: Mask = np.any([style.known for style in self.styles.values()], axis=0)
        return known

    def save(self, path: Path) -> None:
        """Write the model as an npz file."""
        arrays: dict[str, NDArray[np.generic]] = {"speakers": np.array(sorted(self.styles))}
        for number, name in enumerate(sorted(self.styles)):
            style = self.styles[name]
            arrays[f"gestures_{number}"] = style.gestures
            arrays[f"detail_{number}"] = style.detail
            arrays[f"known_{number}"] = style.known
        write_arrays(path, arrays)

    @staticmethod
    def load(path: Path) -> ArticulationModel:
        """Read what :meth:`save` wrote.

        Raises:
            MMTalkerError: FILE_FORMAT when the file is another.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                styles = {
                    str(name): Style(
                        stored[f"gestures_{number}"], stored[f"detail_{number}"], stored[f"known_{number}"]
                    )
                    for number, name in enumerate(stored["speakers"])
                }
        except (OSError, KeyError, ValueError) as error:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT, f"{path} is not an articulation model ({error}). Fit it again."
            ) from error
        return ArticulationModel(styles)


def fit_articulation(examples: Sequence[Example]) -> ArticulationModel:
    """Fit every filmed speaker's style.

    Raises:
        MMTalkerError: BAD_REQUEST without any example.
    """
    if not examples:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            "There is no filmed speech to learn articulation from. Build a source with motion first: "
            "python -m mmtalker corpus build --only grid.",
        )
    speakers = sorted({example.speaker for example in examples})
    return ArticulationModel({name: _fit([e for e in examples if e.speaker == name]) for name in speakers})


def _fit(examples: Sequence[Example]) -> Style:
    known = np.any([example.known for example in examples], axis=0) & MOUTH
    curves = np.concatenate([e.curves for e in examples]).astype(np.float64) * known
    terms = np.concatenate([gesture_terms(e.features, e.effort) for e in examples])
    of_gestures = _ridge(terms, curves, _gesture_costs())
    left = curves - terms @ of_gestures
    details = np.concatenate([detail_terms(e.features) for e in examples])
    cost = np.full(details.shape[1] - 1, DETAIL_RIDGE)
    return Style(of_gestures, _ridge(details, left, cost), known)


def _ridge(terms: Float64, target: Float64, cost: Float64) -> Float64:
    """Return (1 + D, C) weights; ``terms`` (N, 1 + D) begin with a constant, which costs nothing."""
    mean, goal = terms[:, 1:].mean(axis=0), target.mean(axis=0)
    centred = terms[:, 1:] - mean
    gram = centred.T @ centred + np.diag(cost * len(terms))
    weights = np.linalg.solve(gram, centred.T @ (target - goal))
    result: Float64 = np.concatenate([(goal - mean @ weights)[None], weights])
    return result


def gesture_terms(track: Float32, effort: Float32 | None) -> Float64:
    """Return (T, 1 + D): a constant, gestures, and effort by itself."""
    force = smooth_effort(track, effort)
    alone = _around(force[:, None], EFFORT_STEPS)
    return np.concatenate([np.ones((len(track), 1)), gestures(track, force), alone], axis=1)


def detail_terms(track: Float32) -> Float64:
    """Return (T, 1 + E): a constant, and the features at ``DETAIL_STEPS`` around each moment."""
    around = _around(track.astype(np.float64), DETAIL_STEPS)
    return np.concatenate([np.ones((len(track), 1)), around], axis=1)


def _gesture_costs() -> Float64:
    costs = dict.fromkeys(GESTURES, OTHER_RIDGE)
    costs |= dict.fromkeys(FORCED, LIPS_RIDGE) | dict.fromkeys(OPENING, OPENING_RIDGE)
    return np.array([*costs.values(), *(EFFORT_RIDGE for _ in EFFORT_STEPS)])


def _around(columns: Float64, steps: Sequence[int]) -> Float64:
    """Return (T, len(steps) * C): the columns at each moment's neighbours, the ends repeated."""
    reach = max(abs(step) for step in steps)
    padded = np.pad(columns, ((reach, reach), (0, 0)), mode="edge")
    return np.concatenate([padded[reach + s : reach + s + len(columns)] for s in steps], axis=1)
