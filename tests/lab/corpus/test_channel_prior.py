"""The prior of a fit: as wide and as bound to the jaw as the phone's recordings say."""

from __future__ import annotations

import numpy as np
import pytest

from lab.fitting.channel_prior import (
    PHONE,
    STRENGTH,
    channel,
    deviations,
    expected_activations,
    prior_precision,
)
from mmtalker.motion.arkit import ARKIT_INDEX


def test_the_covariance_is_that_of_the_table() -> None:
    names = ["jawOpen", "mouthFunnel", "mouthClose"]

    covariance = np.linalg.inv(prior_precision(names))

    deviation = np.sqrt(np.diag(covariance))
    assert deviation == pytest.approx([PHONE[n][0] * STRENGTH.get(n, 1.0) for n in names])
    correlation = covariance / np.outer(deviation, deviation)
    assert correlation[0, 1:] == pytest.approx([PHONE[n][1] for n in names[1:]])


def test_two_sides_together_deviate_as_one_channel() -> None:
    names = ["jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight"]
    covariance = np.linalg.inv(prior_precision(names))
    both = np.array([0.0, 0.5, 0.5])

    deviation, correlation = PHONE["mouthLowerDown"]
    # What they do by themselves is halved by the mean of two, what they do with the jaw is not.
    own = deviation**2 * (1.0 - correlation**2 / 2.0)
    assert both @ covariance @ both == pytest.approx(own + deviation**2 * correlation**2)


def test_names_of_sides_and_of_ways_to_the_side_are_told_apart() -> None:
    assert channel("mouthSmileLeft") == channel("mouthSmileRight") == "mouthSmile"
    assert channel("mouthLeft") == "mouthLeft"


def test_the_lower_lip_is_expected_at_the_teeth_and_rolled_where_the_jaw_is_shut() -> None:
    jaw, zero, one = np.array([0.0, 0.3, 0.1]), np.zeros(3), np.ones(3)
    roll = ARKIT_INDEX["mouthRollLower"]

    speaking = expected_activations(jaw, one, zero, zero)[:, roll]
    silent = expected_activations(jaw, zero, zero, zero)
    biting = expected_activations(jaw, one, zero, one)[:, roll]
    shut = expected_activations(jaw, one, one, zero)[:, roll]

    assert speaking[0] > speaking[2] > speaking[1]
    assert not silent.any()
    assert biting == pytest.approx(0.7)
    assert shut.min() >= 0.3


def test_deviations_are_the_mean_of_both_sides() -> None:
    curves = np.array([[0.0, 0.0], [0.2, 0.4]])

    assert deviations(curves, ["mouthSmileLeft", "mouthSmileRight"]) == {"mouthSmile": pytest.approx(0.15)}
