"""Turn tracked face landmarks into ARKit activations that repeat them on more than one head.

A tracker's own scores are weak where lips close, so the motion is fitted to the contours themselves. The
resting face, found in the silences, tells whose face it is; that person's depth takes the head's motion out
of every frame; and what is left, the displacement from rest, is explained by ARKit's shapes between 0 and 1.
Two heads have to repeat it at once, ICT's and the shipped one: artists do not mean quite the same by a name,
and curves that are true on one head only narrow another's mouth where it should widen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.fitting.channel_prior import expected_activations
from lab.fitting.contour_fit import fit_brows, fit_lids, fit_mouth
from lab.fitting.driven_heads import DrivenHead, canonical_landmarks, ict_landmarks
from lab.fitting.frontal import Tracked, find_frames, recognise, resting_face, see_from_front, sort_points
from lab.fitting.identity_fit import Person
from lab.fitting.lip_contact import close_lips, closures, from_closed_lips
from lab.heads.ict import IctModel
from lab.phonetics.demands import phone_demands
from lab.phonetics.phone_speech import Phone
from lab.sources.grid_files import GRID_FPS, PIXEL_ASPECT, GridMotion
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class FittedMotion:
    """The fit and what it was fitted to.

    Attributes:
        activations: (N, 52) in 0..1, NaN where no face was found.
        tracked: the displacements that they repeat, but for lips that are known to touch.
        person: whose face it is.
        heads: that were to repeat them.
    """

    activations: Float32
    tracked: Tracked
    person: Person
    heads: tuple[DrivenHead, ...]


def fit_motion(
    grid: GridMotion,
    model: IctModel,
    aspect: float = PIXEL_ASPECT,
    phones: Sequence[Sequence[Phone]] = (),
) -> FittedMotion:
    """Fit ARKit activations to every tracked frame of one person.

    Args:
        grid: the person's recordings.
        model: the head model whose identities give the depth.
        aspect: width of a pixel, its height being 1.
        phones: of each clip; where they are known, lips that touch and a lower lip at the teeth are too.
    """
    heads = ict_landmarks(model), canonical_landmarks()
    valid, clip, follows = find_frames(grid)
    points = grid.landmarks[valid].astype(np.float64) * [aspect, -1.0, -1.0]
    film = sort_points(grid, points)
    rest = sort_points(grid, resting_face(grid, points, valid))
    person = recognise(rest, model)
    tracked = Tracked(valid, clip, follows, *see_from_front(film, rest, person))
    forward = fit_mouth(tracked, heads) @ heads[0].shapes[:, :, 2]
    tracked = Tracked(valid, clip, follows, *see_from_front(film, rest, person, forward))
    activations = np.full((len(valid), len(ARKIT_NAMES)), np.nan, dtype=np.float32)
    mouth = _fit_speech(grid, tracked, heads, phones) if phones else fit_mouth(tracked, heads)
    activations[valid] = mouth + fit_brows(tracked, heads) + fit_lids(tracked, heads)
    return FittedMotion(activations, tracked, person, heads)


def _fit_speech(
    grid: GridMotion, tracked: Tracked, heads: Sequence[DrivenHead], phones: Sequence[Sequence[Phone]]
) -> Float64:
    """(M, 52) activations of the mouth, with what each clip's phones say of lips and teeth."""
    closed, rows = from_closed_lips(tracked.landmarks), np.flatnonzero(tracked.valid)
    shut, bite, speech = np.zeros((3, len(rows)))
    for number, (clip, said) in enumerate(zip(grid.clips, phones, strict=True)):
        own = tracked.clip == number
        times = (rows[own] - clip.rows.start) / GRID_FPS
        closed[own] = close_lips(closed[own], times, closures(said))
        shut[own], bite[own], speech[own] = phone_demands(said, times)
    touching = replace(tracked, landmarks=closed)
    jaw = fit_mouth(touching, heads)[:, ARKIT_INDEX["jawOpen"]]
    return fit_mouth(touching, heads, expected_activations(jaw, speech, shut, bite * (1.0 - shut)))
