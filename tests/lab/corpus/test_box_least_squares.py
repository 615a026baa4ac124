"""Least squares in a box, beside SciPy's own solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from lab.fitting import box_least_squares as module
from lab.fitting.box_least_squares import box_least_squares

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(12, 5))
TARGET = RNG.normal(size=(40, 12))
COST = np.diag([0.1, 0.2, 0.05, 0.3, 0.1])
FOLLOWS = np.arange(40) % 20 != 0


def test_every_frame_agrees_with_scipy() -> None:
    solved = box_least_squares(MATRIX, TARGET, COST, 0.0, FOLLOWS, 500)

    padded = np.concatenate([MATRIX, np.sqrt(COST)])
    for frame in range(0, 40, 7):
        truth = lsq_linear(padded, np.concatenate([TARGET[frame], np.zeros(5)]), bounds=(0, 1), tol=1e-12).x
        assert solved[frame] == pytest.approx(truth, abs=1e-4)


def test_smoothness_stills_curves_and_does_not_reach_across_a_cut() -> None:
    rough, smooth = (box_least_squares(MATRIX, TARGET, COST, weight, FOLLOWS, 800) for weight in (0.0, 20.0))
    changed = TARGET.copy()
    changed[20:] = 0.0

    alone = box_least_squares(MATRIX, changed, COST, 20.0, FOLLOWS, 800)

    assert (
        np.abs(np.diff(smooth[:20], n=2, axis=0)).mean()
        < 0.5 * np.abs(np.diff(rough[:20], n=2, axis=0)).mean()
    )
    assert alone[:20] == pytest.approx(smooth[:20], abs=1e-9)


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = box_least_squares(MATRIX, TARGET, COST, 1.0, FOLLOWS, 200)
    monkeypatch.setattr(module, "PART_FRAMES", 10)

    assert box_least_squares(MATRIX, TARGET, COST, 1.0, FOLLOWS, 200) == pytest.approx(whole, abs=1e-12)
