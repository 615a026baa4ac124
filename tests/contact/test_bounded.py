"""Least squares within bounds."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from mmtalker.contact.bounded import nearest_within

RNG = np.random.default_rng(0)
ROOT = RNG.normal(size=(4, 4))
SQUARE = (ROOT @ ROOT.T + np.eye(4)).astype(np.float32)
BOUNDS = RNG.normal(size=(6, 4)).astype(np.float32)
TARGETS = RNG.normal(size=(5, 4)).astype(np.float32)


def test_what_no_bound_touches_stays() -> None:
    limits = np.full((5, 6), 100.0, dtype=np.float32)
    np.testing.assert_array_equal(nearest_within(TARGETS, SQUARE, BOUNDS, limits), TARGETS)


def test_it_is_the_nearest_point_within_the_bounds() -> None:
    limits = (TARGETS @ BOUNDS.T - [0.5, 0.2, -1.0, 0.3, -1.0, -1.0]).astype(np.float32)

    found = nearest_within(TARGETS, SQUARE, BOUNDS, limits, sweeps=300)

    for target, limit, values in zip(TARGETS, limits, found, strict=True):
        expected = minimize(
            lambda x, target=target: (x - target) @ SQUARE @ (x - target),
            np.zeros(4),
            constraints={"type": "ineq", "fun": lambda x, limit=limit: limit - BOUNDS @ x},
        )
        np.testing.assert_allclose(values, expected.x, atol=0.03)  # bounds give way a little


def test_a_bound_that_nothing_answers_moves_nothing_far() -> None:
    bounds = np.array([[1.0, 0.0], [0.0, 1e-4]], dtype=np.float32)
    limits = np.array([[1.0, -1.0]], dtype=np.float32)
    found = nearest_within(np.zeros((1, 2), np.float32), np.eye(2, dtype=np.float32), bounds, limits)
    assert np.abs(found).max() < 0.1  # held at any price it would be 10,000
