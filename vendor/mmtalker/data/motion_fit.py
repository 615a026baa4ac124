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

from mmtalker.data.contour_fit import fit_brows, fit_lids, fit_mouth
from mmtalker.data.driven_heads import DrivenHead, canonical_landmarks, ict_landmarks
from mmtalker.data.frontal import Tracked, find_frames, recognise, resting_face, see_from_front, sort_points
from mmtalker.data.grid import GRID_FPS, PIXEL_ASPECT, GridMotion
from mmtalker.data.ict import IctModel
from mmtalker.data.identity_fit import Person
from mmtalker.data.lip_contact import Span, close_lips
from mmtalker.motion.arkit import ARKIT_NAMES

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
    contacts: Sequence[Sequence[Span]] = (),
) -> FittedMotion:
    """Fit ARKit activations to every tracked frame.

    Args:
        grid: the recordings.
        model: the head model whose identities give the depth.
        aspect: width of a pixel, its height being 1.
        contacts: by clip, when its lips are known to touch, s; empty where no phones are known.
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
    touching = replace(tracked, landmarks=_close_lips(grid, tracked, contacts)) if contacts else tracked
    activations = np.full((len(valid), len(ARKIT_NAMES)), np.nan, dtype=np.float32)
    activations[valid] = fit_mouth(touching, heads) + fit_brows(tracked, heads) + fit_lids(tracked, heads)
    return FittedMotion(activations, tracked, person, heads)


def _close_lips(grid: GridMotion, tracked: Tracked, contacts: Sequence[Sequence[Span]]) -> Float64:
    """(M, 68, 2) displacements with the lips of every clip brought together where they are known to touch."""
    closed = tracked.landmarks.copy()
    rows = np.flatnonzero(tracked.valid)
    for number, (clip, spans) in enumerate(zip(grid.clips, contacts, strict=True)):
        own = tracked.clip == number
        times = (rows[own] - clip.rows.start) / GRID_FPS
        closed[own] = close_lips(closed[own], times, spans)
    return closed
