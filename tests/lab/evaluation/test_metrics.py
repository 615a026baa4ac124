"""Errors of moving points, on motion whose figures are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lab.evaluation import metrics
from mmtalker.errors import MMTalkerError

POINTS = np.array([0, 2])


def moved(*frames: list[list[float]]) -> np.ndarray:
    return np.array(frames, dtype=np.float32)


STILL = np.zeros((2, 3, 3), dtype=np.float32)


def test_vertex_error_is_the_largest_squared_distance_of_the_list_in_each_frame() -> None:
    # Point 1 is far off, but not of the list.
    made = moved([[3, 0, 0], [50, 0, 0], [0, 4, 3]], [[0, 0, 0], [50, 0, 0], [1, 0, 0]])

    error = metrics.vertex_error(STILL, made, POINTS)

    assert error == pytest.approx([25.0, 1.0])
    # 3.94e-5 m² is what papers write for 6.3 mm.
    assert np.sqrt(3.94e-5 / metrics.M2_PER_MM2) == pytest.approx(6.3, abs=0.05)


def test_mean_distance_is_neither_squared_nor_the_largest() -> None:
    made = moved([[3, 0, 0], [50, 0, 0], [0, 4, 3]], [[0, 0, 0], [50, 0, 0], [1, 0, 0]])

    assert metrics.mean_distance(STILL, made, POINTS) == pytest.approx([4.0, 0.5])


def test_dynamics_are_the_deviation_of_the_squared_displacement() -> None:
    # Squared displacement of point 0: 0 and 4, deviation 2; of point 2: 1 and 1, deviation 0.
    motion = moved([[0, 0, 0], [9, 9, 9], [1, 0, 0]], [[0, 2, 0], [0, 0, 0], [0, 0, 1]])

    assert metrics.dynamics(motion, POINTS) == pytest.approx(1.0)
    assert metrics.dynamics_deviation(motion, STILL, POINTS) == pytest.approx(1.0)
    assert metrics.dynamics_deviation(STILL, motion, POINTS) == pytest.approx(-1.0)


def test_one_frame_has_errors_and_no_dynamics() -> None:
    made = moved([[3, 0, 0], [0, 0, 0], [0, 0, 0]])

    assert metrics.vertex_error(STILL[:1], made, POINTS) == pytest.approx([9.0])
    assert metrics.dynamics(made, POINTS) == 0.0


def test_pressed_lips_are_as_shut_as_touching_ones() -> None:
    difference = metrics.opening_difference(np.array([-1.0, 2.0, 0.0]), np.array([0.0, -3.0, 5.0]))

    assert difference == pytest.approx([0.0, 2.0, 5.0])


def test_a_prediction_with_nan_is_named_with_its_frame() -> None:
    made = STILL.copy()
    made[1, 0, 2] = np.nan

    with pytest.raises(MMTalkerError, match=r"ridge on bbaf2n is not a number in 1 of 2 frames.* frame 1"):
        metrics.check_motion(made, 2, 3, "ridge on bbaf2n")


def test_a_prediction_of_another_length_is_refused() -> None:
    with pytest.raises(MMTalkerError, match=r"has the shape \(2, 3, 3\) and not \(5, 3, 3\)"):
        metrics.check_motion(STILL, 5, 3, "ridge on bbaf2n")
