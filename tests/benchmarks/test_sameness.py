"""What counts as the same."""

from __future__ import annotations

import numpy as np

from benchmarks.sameness import differences


def test_the_largest_difference_of_all_arrays_counts() -> None:
    before = {"curves": np.zeros((2, 3), np.float32), "shape keys": np.ones(4, np.float32)}
    after = {**before, "curves": np.array([[0, 0, 0.25], [0, -0.5, 0]], np.float32)}
    rows, largest = differences(before, after)
    assert largest == 0.5
    assert rows == [("curves", "6", "0.5"), ("shape keys", "4", "0")]


def test_what_is_missing_or_of_another_shape_is_never_the_same() -> None:
    before = {"curves": np.zeros((2, 3), np.float32)}
    assert differences(before, {})[1] == np.inf
    assert differences(before, {"curves": np.zeros((3, 3), np.float32)})[1] == np.inf
    assert not differences(before, {"curves": np.full((2, 3), np.nan, np.float32)})[1] <= 1.0
