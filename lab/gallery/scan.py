"""A head as a scanner gives it: one noisy skin over everything that is seen, lips and eyes grown over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generic_filter

from lab.bank.people import Person
from lab.bank.perturb import without
from mmtalker.mapping.cloud import spread
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.roles import Role

ROUND, UP = 300, 240
"""Rays around the head and from below to above."""

CENTRE = (0.0, -0.03, -0.055)
NECK = 0.62
"""Of the way down to straight below, at which the scan ends."""

NOISE_METRES = 0.00012
POINTS = 3_000_000


def scan(person: Person, rng: np.random.Generator) -> Mesh:
    """Keep the outermost skin along rays from the middle of the head."""
    shown = without(person, np.isin(person.role, (Role.SKIN, Role.EYE_LEFT, Role.EYE_RIGHT)))
    cloud = spread(person.vertices, shown.triangles, POINTS, rng)
    ray = cloud.points.astype(np.float64) - CENTRE
    reach = np.linalg.norm(ray, axis=1)
    turn = np.arctan2(ray[:, 0], ray[:, 2])
    rise = np.arcsin(ray[:, 1] / np.maximum(reach, 1e-9))
    column = np.round((turn / (2.0 * np.pi) + 0.5) * ROUND).astype(np.int64) % ROUND
    row = np.round((rise / (0.5 * np.pi) + NECK) / (1.0 + NECK) * (UP - 1)).astype(np.int64)
    seen = (row >= 0) & (row < UP) & (reach < 0.25)
    away = np.full((UP, ROUND), np.nan)
    order = np.argsort(reach[seen])
    away[row[seen][order], column[seen][order]] = reach[seen][order]
    away = _closed(away)
    turns = (np.arange(ROUND) / ROUND - 0.5) * 2.0 * np.pi
    rises = ((np.arange(UP) / (UP - 1)) * (1.0 + NECK) - NECK) * 0.5 * np.pi
    level = np.cos(rises)[:, None]
    out = np.stack(
        [level * np.sin(turns), np.repeat(np.sin(rises)[:, None], ROUND, 1), level * np.cos(turns)], axis=-1
    )
    away = away + NOISE_METRES * rng.normal(size=away.shape)
    points = (np.array(CENTRE) + away[..., None] * out)[:-1].reshape(-1, 3)
    index = np.arange((UP - 1) * ROUND).reshape(UP - 1, ROUND)
    a, b = index[:-1], np.roll(index[:-1], -1, axis=1)
    d, c = index[1:], np.roll(index[1:], -1, axis=1)
    quads = np.stack([a, b, c, d], axis=-1).reshape(-1, 4)
    top = len(points)
    points = np.concatenate([points, points[index[-1]].mean(axis=0, keepdims=True)])
    last = index[-1]
    cap = np.stack([last, np.roll(last, -1), np.full(ROUND, top), np.full(ROUND, -1)], axis=-1)
    return Mesh.from_polygons(points.astype(np.float32), np.concatenate([quads, cap]))


def _closed(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill the rays that hit nothing by their neighbours' median."""
    while np.isnan(away).any():
        wide = np.pad(away, ((2, 2), (0, 0)), mode="edge")
        wide = np.pad(wide, ((0, 0), (2, 2)), mode="wrap")
        filled = generic_filter(wide, _median, size=5, mode="nearest")[2:-2, 2:-2]
        if np.isnan(filled).all():
            raise ValueError("no ray hit the head")
        away = np.where(np.isnan(away), filled, away)
    return away


def _median(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
