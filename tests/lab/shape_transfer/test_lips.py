"""mouthClose closes what jawOpen opens, whatever the source's did; all else is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from lab.shape_transfer.lips import close_what_jaw_opens
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

JAW, CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]


def shapes_with(close: float) -> np.ndarray:
    """The canonical head's, its mouthClose as strong as asked for."""
    shapes = load_canonical().shapes[:, : load_canonical().chart_count].copy()
    shapes[CLOSE] *= close
    return shapes


def left_open(shapes: np.ndarray) -> float:
    """Share of jawOpen's gap in the middle of the lips that mouthClose leaves; below 0 they cross."""
    pairs = load_canonical().lip_pairs
    middle = pairs[len(pairs) // 3 : 2 * len(pairs) // 3]
    gap = shapes[:, middle[:, 0], 1] - shapes[:, middle[:, 1], 1]
    return float((gap[JAW] + gap[CLOSE]).mean() / gap[JAW].mean())


@pytest.mark.parametrize("close", [0.7, 1.0, 1.3])
def test_lips_come_to_where_they_rest(close: float) -> None:
    given = shapes_with(close)
    made = close_what_jaw_opens(given, ARKIT_NAMES, canonical_surface())

    assert abs(left_open(made)) < 0.03
    assert close == 1.0 or abs(left_open(given)) > 0.25
    np.testing.assert_array_equal(np.delete(made, CLOSE, axis=0), np.delete(given, CLOSE, axis=0))


@pytest.mark.parametrize("close", [-1.0, 0.0, 0.1, 9.0])
def test_what_is_no_closing_of_the_mouth_stays(close: float) -> None:
    given = shapes_with(close)
    np.testing.assert_array_equal(close_what_jaw_opens(given, ARKIT_NAMES, canonical_surface()), given)


def test_a_model_without_one_of_both_shapes_is_left_alone() -> None:
    for absent in (JAW, CLOSE):
        names = [name for index, name in enumerate(ARKIT_NAMES) if index != absent]
        given = np.delete(shapes_with(1.3), absent, axis=0)
        np.testing.assert_array_equal(close_what_jaw_opens(given, names, canonical_surface()), given)


def test_lips_that_a_mesh_does_not_open_ask_for_nothing() -> None:
    given = np.zeros_like(shapes_with(1.0))
    np.testing.assert_array_equal(close_what_jaw_opens(given, ARKIT_NAMES, canonical_surface()), given)
