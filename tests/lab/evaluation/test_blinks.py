"""Blinks counted and measured in lids whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest

from lab.evaluation.blinks import Blinks, count_blinks

RATE = 50.0


def lids(*blinks: float) -> np.ndarray:
    """12 s of lids that shut in 0.1 s and open in 0.2 s, shut at the given seconds."""
    time = np.arange(600) / RATE
    closed = np.zeros(600)
    for shut in blinks:
        closed = np.maximum(closed, np.minimum(1 - (shut - time) / 0.1, 1 - (time - shut) / 0.2))
    return closed


def test_blinks_are_counted_and_measured_where_the_lids_are_half_shut() -> None:
    found = count_blinks(lids(1.0, 4.0, 7.5), RATE)

    assert found.count == 3
    assert found.rate == pytest.approx(15.0)
    assert found.lengths == pytest.approx([150.0] * 3)


def test_a_blink_at_the_edge_counts_without_a_length() -> None:
    found = count_blinks(np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]), RATE)

    assert found.count == 3
    assert found.lengths == pytest.approx([20.0])


def test_lids_that_droop_do_not_blink() -> None:
    assert count_blinks(np.full(100, 0.4), RATE) == Blinks(2.0, 0, ())
    assert count_blinks(np.zeros(1), RATE).count == 0
    assert Blinks().rate is None
