"""GRID in the corpus: what is held out, and curves without holes."""

from __future__ import annotations

import numpy as np
import pytest

from lab.sources.grid import bridge_lost_frames, held_out_person, held_out_sentence
from mmtalker.motion.arkit import ARKIT_INDEX

JAW = ARKIT_INDEX["jawOpen"]


def test_each_tenth_clip_and_two_letters_are_held_out() -> None:
    assert held_out_sentence(20, "s1", ["bin", "blue", "at", "m", "two", "now"]) == "grid-clips"
    assert held_out_sentence(21, "s1", ["bin", "blue", "at", "m", "two", "now"]) == "grid-words"
    assert held_out_sentence(22, "s1", ["lay", "green", "with", "v", "one", "soon"]) == "grid-words"
    assert held_out_sentence(23, "s1", ["lay", "green", "with", "b", "one", "soon"]) is None


def test_lost_frames_are_bridged() -> None:
    rows = np.repeat(np.linspace(0, 0.74, 75, dtype=np.float32)[:, None], 52, axis=1)
    rows[35:40] = np.nan

    curves = bridge_lost_frames(rows)

    assert curves[33:42, JAW] == pytest.approx(np.arange(33, 42) * 0.01, abs=1e-5)


def test_a_clip_without_any_face_rests() -> None:
    assert not bridge_lost_frames(np.full((75, 52), np.nan, dtype=np.float32)).any()


def test_three_people_are_for_tests_alone() -> None:
    assert held_out_person(0, "s3", ["bin"]) == held_out_person(7, "s31", ["lay"]) == "grid-people"
    assert held_out_person(0, "s4", ["bin"]) is None
