"""A head bent a little, smoothly, into somebody else's: cheap enough to be drawn anew for every picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.rigid import umeyama

Floats32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

BUMPS = 4
REACH = (0.012, 0.05)
"""Metres, from a lip's to a cheek's size."""

SLOPE = 0.2
"""Of a bump, as a standard deviation: how far it goes as a part of its reach."""

STEEPEST = 0.5
"""Of a bump, as a part of its reach; beyond 1.6 it would fold."""

STRETCH = 0.08
"""At most, of each axis, as an exponent."""

ALIGNED_BY = 1500
"""Points of the face by which a bent head is brought back to where the unbent one was."""

NEAR = 0.25
"""Metres from the eyes beyond which nothing is of a face."""

ENDS = 3.0
"""Reaches from its middle at which a bump is nothing."""


def bend(points: Floats32, normals: Floats32, rng: np.random.Generator) -> tuple[Floats32, Floats32]:
    """Move (P, 3) points of a head in canonical space by smooth bumps on its face, and turn their normals.

    Half of the bumps are on both sides alike, as faces mostly are. What all of them do to the head as a
    whole, a similarity, is taken back.

    Args:
        points, normals: (P, 3) metres, and of unit length.
        rng: of everything.

    Returns:
        Both anew, normals again of unit length.
    """
    stretch = np.exp(rng.uniform(-STRETCH, STRETCH, 3)).astype(np.float32)
    bent, facing = points * stretch, normals / stretch
    near = np.flatnonzero(np.einsum("nk,nk->n", bent, bent) < NEAR**2)
    face = near[bent[near, 2] > -0.04]
    at, turned = bent[near], facing[near]
    for _ in range(BUMPS if len(face) else 0):
        reach = rng.uniform(*REACH)
        centre = bent[face[int(rng.integers(len(face)))]]
        push = reach * np.clip(SLOPE * rng.normal(size=3), -STEEPEST, STEEPEST)
        for side in (1.0, -1.0) if rng.random() < 0.5 else (1.0,):
            mirror = np.array([side, 1.0, 1.0])
            _push(at, turned, (centre * mirror).astype(np.float32), (push * mirror).astype(np.float32), reach)
    bent[near], facing[near] = at, turned
    if len(face):
        some = face[rng.integers(len(face), size=ALIGNED_BY)]
        back = umeyama(bent[some].astype(np.float64), points[some].astype(np.float64))
        turn = back.rotation.astype(np.float32)
        bent = np.float32(back.scale) * (bent @ turn.T) + back.translation.astype(np.float32)
        facing = facing @ turn.T
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), np.float32(1e-9))
    return bent, facing


def _push(points: Floats32, normals: Floats32, centre: Floats32, push: Floats32, reach: float) -> None:
    """Move points within a Gaussian ``reach`` of a centre, in place.

    The map's Jacobian is I + push slope', whose cofactors turn the normals: those of a matrix of rank one
    added to the identity (Sherman and Morrison 1950).
    """
    away = points - centre
    square = np.einsum("nk,nk->n", away, away)
    rows = np.flatnonzero(square < (ENDS * reach) ** 2)
    swell = np.exp(square[rows] * np.float32(-0.5 / reach**2))[:, None]
    slope = away[rows] * (swell * np.float32(-1.0 / reach**2))
    normal = normals[rows]
    points[rows] += swell * push
    normals[rows] = normal * (1.0 + slope @ push)[:, None] - slope * (normal @ push)[:, None]
