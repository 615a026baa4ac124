"""Faces that no model has: a person's features enlarged, shrunk and bent, smoothly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.bank.people import Person, placed

Float64 = NDArray[np.float64]

FEATURES = {
    # name: landmarks whose middle it is, reach in metres, range of the factor of its size
    "eye_left": (("eye_left_inner", "eye_left_outer"), 0.022, (0.8, 1.9)),
    "eye_right": (("eye_right_inner", "eye_right_outer"), 0.022, (0.8, 1.9)),
    "nose": (("nose_tip",), 0.022, (0.45, 1.7)),
    "mouth": (("mouth_left", "mouth_right"), 0.028, (0.65, 1.5)),
    "chin": (("chin",), 0.035, (0.7, 1.35)),
    "ear_left": (("ear_left",), 0.030, (0.5, 2.0)),
    "ear_right": (("ear_right",), 0.030, (0.5, 2.0)),
    "skull": (("forehead",), 0.080, (0.85, 1.3)),
}
"""What cartoonists change. Both eyes and both ears change alike, mostly."""

TWINS = {"eye_right": "eye_left", "ear_right": "ear_left"}

BUMPS = 6
BUMP_REACH = (0.02, 0.09)
BUMP_SHARE = 0.22
"""How far a bump goes, as a part of its reach: beyond one half a surface could fold."""


def exaggerate(person: Person, rng: np.random.Generator, strength: float) -> Person:
    """Return the person as a cartoon: every vertex moved by a smooth field.

    Args:
        person: in canonical space.
        rng: of everything.
        strength: 0 for none, 1 for a caricature.
    """
    points = person.vertices.copy()
    factors: dict[str, float] = {}
    for name, (middles, reach, (low, high)) in FEATURES.items():
        twin = TWINS.get(name)
        drawn = np.exp(strength * rng.uniform(np.log(low), np.log(high)))
        factors[name] = factors[twin] if twin and rng.random() < 0.9 else drawn
        centre = points[[person.landmarks[middle] for middle in middles]].mean(axis=0)
        points = _scaled(points, centre, reach * max(1.0, factors[name]), factors[name])
    for _ in range(BUMPS):
        reach = rng.uniform(*BUMP_REACH)
        centre = points[rng.integers(len(points))] * [0.0 if rng.random() < 0.5 else 1.0, 1.0, 1.0]
        push = strength * BUMP_SHARE * reach * rng.normal(size=3) * [0.4, 1.0, 1.0]
        near = np.exp(-((points - centre) ** 2).sum(axis=1) / (2.0 * reach**2))
        points = points + near[:, None] * push
    stretch = np.exp(strength * rng.uniform(-0.22, 0.22, 3))
    return placed(replace(person, vertices=points * stretch))


def _scaled(points: Float64, centre: Float64, reach: float, factor: float) -> Float64:
    """Scale what lies within about ``reach`` of a centre, without a border."""
    away = points - centre
    near = np.exp(-((away**2).sum(axis=1)) / (2.0 * reach**2))
    grown: Float64 = centre + away * (1.0 + (factor - 1.0) * near[:, None])
    return grown
