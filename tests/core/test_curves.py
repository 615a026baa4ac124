"""Curves as Blender takes them."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker_addon.core.curves import clamp_curves, pack_keys, rest_details, slider_range, still_channels


def test_channels_that_do_not_move_are_found() -> None:
    curves = np.array([[0, 0.5, 0, 0.2], [0, 0.5, 1, 0.20005], [0, 0.5, 0, 0.2]], dtype=np.float32)
    assert still_channels(curves).tolist() == [True, True, False, True]
    assert still_channels(curves, tolerance=1e-6).tolist() == [True, True, False, False]
    assert still_channels(np.empty((0, 2), dtype=np.float32)).tolist() == [True, True]


def test_keys_are_packed_as_frame_and_value_in_turn() -> None:
    packed = pack_keys(np.array([0.25, 0.5, 0.75], dtype=np.float32), first_frame=-1)
    assert packed.dtype == np.float32
    assert packed.flags.c_contiguous
    assert packed.tolist() == [-1, 0.25, 0, 0.5, 1, 0.75]


def test_an_hour_at_60_frames_keeps_every_frame_whole() -> None:
    count = 3600 * 60
    packed = pack_keys(np.zeros(count, dtype=np.float32), first_frame=1_000_000)
    np.testing.assert_array_equal(np.diff(packed[0::2]), 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], (0.0, 1.0)),
        ([0.2, 0.3], (0.0, 1.0)),
        ([-0.01, 0.5], (-0.1, 1.0)),
        ([0.0, 1.25], (0.0, 1.3)),
        ([-3.0, 2.0], (-3.1, 2.1)),
        ([-50.0, 50.0], (-10.0, 10.0)),
        ([], (0.0, 1.0)),
    ],
)
def test_a_slider_is_widened_only_as_far_as_its_curve_needs(values: list[float], expected) -> None:
    low, high = slider_range(np.array(values, dtype=np.float32))
    assert (low, high) == pytest.approx(expected)


def test_no_value_is_cut_by_the_range_made_for_it() -> None:
    values = np.random.default_rng(0).normal(0, 3, 5000).astype(np.float32).clip(-9.8, 9.8)
    for value in values:
        low, high = np.float32(slider_range(values[:1] * 0 + value))
        assert low <= value <= high


def test_clamping_returns_a_copy_within_the_limits() -> None:
    curves = np.array([[-0.5, 11.0]], dtype=np.float32)
    assert clamp_curves(curves).tolist() == [[-0.5, 10.0]]
    assert clamp_curves(curves, 0.0, 1.0).tolist() == [[0.0, 1.0]]
    assert curves.tolist() == [[-0.5, 11.0]]
    assert clamp_curves(curves).dtype == np.float32


def test_detail_modes_rest_where_the_artists_own_shapes_move_the_mouth() -> None:
    moving = np.array([0.5, 0.25], dtype=np.float32)
    curves = {"jawOpen": moving, "mmt_detail_01": moving}

    with_ours = rest_details(curves, {"browInnerUp"})
    with_theirs = rest_details(curves, {"jawOpen"})

    assert with_ours["mmt_detail_01"].tolist() == [0.5, 0.25]
    assert with_theirs["mmt_detail_01"].tolist() == [0.0, 0.0]
    assert with_theirs["jawOpen"].tolist() == [0.5, 0.25]
