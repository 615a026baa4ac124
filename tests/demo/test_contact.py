"""The contact sheet."""

from __future__ import annotations

import numpy as np

from demo.clip import Phone, load_clip
from demo.contact import WIDTH, draw_banner, draw_curves, draw_sheet, pick_evenly, pick_sounds


def test_frames_are_spread_evenly_and_none_is_shown_twice():
    assert pick_evenly(11, 6) == [0, 2, 4, 6, 8, 10]
    assert pick_evenly(3, 6) == [0, 1, 2]


def test_half_of_the_mouths_are_closed_sounds_in_order_of_time():
    phones = [Phone("p", 0, 1), Phone("oʊ", 1, 3), Phone("s", 3, 4), Phone("m", 4, 5), Phone("u", 5, 6)]
    assert pick_sounds(phones, 4) == [("p", 0.5), ("oʊ", 2.0), ("m", 4.5), ("u", 5.5)]


def test_without_closed_sounds_there_are_only_open_ones():
    assert pick_sounds([Phone("oʊ", 0, 1)], 4) == [("oʊ", 0.5)]


def test_the_gap_line_rises_with_the_lip_gap():
    clip = load_clip()
    times = np.arange(270) / 30
    calm, wide = (
        np.asarray(draw_curves(times, np.where(times > 4, gap, 0.0001), clip)) for gap in (0.0001, 0.01)
    )
    red = (wide[..., 0].astype(int) - wide[..., 2] > 100) & (wide[..., 1] < 120)
    left, right = red[:, : WIDTH // 4], red[:, -WIDTH // 4 :]
    assert np.nonzero(right)[0].mean() < np.nonzero(left)[0].mean()
    assert (calm != wide).any()


def test_a_sheet_is_drawn_from_few_frames_too():
    clip = load_clip()
    frames = [np.full((90, 90, 3), 20 * i, dtype=np.uint8) for i in range(5)]
    sheet = draw_sheet(frames, np.linspace(0, 9, 5), np.linspace(0, 0.01, 5), clip, (30, 50, 60, 80))
    assert sheet.width == WIDTH
    assert np.asarray(sheet).std() > 10


def test_a_banner_shows_its_stills_side_by_side():
    stills = [np.full((60, 60, 3), shade, dtype=np.uint8) for shade in (40, 200)]
    times = np.linspace(0, 9, 20)
    banner = np.asarray(draw_banner(stills, (1.0, 2.0), times, np.zeros(20), load_clip()).convert("L"))
    row = banner[200]
    assert (row[WIDTH // 4], row[3 * WIDTH // 4]) == (40, 200)
