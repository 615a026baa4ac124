"""Demands of phones: lips meet at p, b, m, and nothing else changes where nothing is demanded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.data.phone_speech import Phone, PhoneClip, load_phone_speech, read_phones
from mmtalker.errors import MMTalkerError
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.training.articulation import (
    ANTICIPATION,
    RELEASE,
    SHORTEST_HOLD,
    articulate,
    closed_pose,
    envelope,
)

JAW, PUCKER = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthPucker"]
TIMES = np.arange(100) / 50
CLOSED = np.zeros(52, dtype=np.float32)
CLOSED[ARKIT_INDEX["mouthPressLeft"]] = 0.2


def guess() -> np.ndarray:
    return np.full((100, 52), 0.15, dtype=np.float32)


@pytest.mark.parametrize("phone", ["p", "b", "m", "pʰ", "bʲ"])
def test_the_lips_are_shut_at_a_bilabial_and_free_elsewhere(phone: str) -> None:
    made = articulate(guess(), [Phone("a", 0.5, 1.0), Phone(phone, 1.0, 1.1)], TIMES, CLOSED)

    shut = (TIMES >= 1.0) & (TIMES <= 1.06)
    assert made[shut][:, JAW] == pytest.approx(0.0, abs=1e-6)
    assert made[shut][:, ARKIT_INDEX["mouthPressLeft"]] == pytest.approx(0.2, abs=1e-6)
    free = (TIMES < 0.5 - ANTICIPATION) | (TIMES > 1.1 + RELEASE)
    assert np.array_equal(made[free], guess()[free])


def test_a_closure_wins_over_the_vowel_beside_it() -> None:
    made = articulate(guess(), [Phone("m", 1.0, 1.1), Phone("ɑ", 1.04, 1.3)], TIMES, CLOSED)

    assert made[52, JAW] == pytest.approx(0.0, abs=1e-6)
    assert made[58:62, JAW].max() > 0.3


def test_rounded_vowels_round_and_never_take_away() -> None:
    strong = guess()
    strong[:, PUCKER] = 0.9

    assert articulate(guess(), [Phone("u", 1.0, 1.2)], TIMES, CLOSED)[50:55, PUCKER].max() > 0.45
    assert articulate(strong, [Phone("u", 1.0, 1.2)], TIMES, CLOSED)[:, PUCKER] == pytest.approx(0.9)


def test_a_very_short_stop_still_holds_for_a_frame_of_film() -> None:
    weight = envelope(Phone("p", 1.0, 1.01), np.linspace(0.9, 1.2, 3001))

    assert (weight > 0.999).mean() * 0.3 >= SHORTEST_HOLD


def test_brows_and_lids_are_not_touched() -> None:
    phones = [Phone(name, i * 0.2, i * 0.2 + 0.2) for i, name in enumerate("pauvmɑfo")]

    made = articulate(guess(), phones, TIMES, CLOSED)

    upper = [i for name, i in ARKIT_INDEX.items() if name.startswith(("brow", "eye"))]
    assert np.array_equal(made[:, upper], guess()[:, upper])


def test_the_closed_pose_is_that_of_speech_and_just_touches() -> None:
    gap_of = np.zeros(52, dtype=np.float32)
    gap_of[JAW], gap_of[ARKIT_INDEX["mouthClose"]], gap_of[ARKIT_INDEX["mouthRollLower"]] = 3.0, -3.0, -0.2
    rng = np.random.default_rng(0)
    targets = np.zeros((1000, 52), dtype=np.float32)
    targets[500:, JAW] = rng.uniform(0.2, 0.6, 500)
    targets[500:560, JAW] = 0.02
    targets[500:560, ARKIT_INDEX["mouthRollLower"]] = 0.3

    pose = closed_pose(targets, gap_of)

    assert pose[ARKIT_INDEX["mouthRollLower"]] == pytest.approx(0.3)
    assert -0.05 < pose @ gap_of < 0.0


def test_phones_speed_up_with_their_recording() -> None:
    clip = PhoneClip("x", "v", Path("x.flac"), (Phone("a", 1.0, 2.0),))

    assert clip.faster(2.0) == (Phone("a", 0.5, 1.0),)


def test_a_folder_of_speech_is_read_without_the_voices_left_out(tmp_path: Path) -> None:
    for name in ("one_00", "one_01", "two_00"):
        (tmp_path / f"{name}.json").write_text('{"phones": [{"phone": "p", "start": 0, "end": 0.1}]}')

    clips = load_phone_speech(tmp_path, without=("two",))

    assert [clip.name for clip in clips] == ["one_00", "one_01"]
    assert clips[0].phones == (Phone("p", 0.0, 0.1),)
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(MMTalkerError, match="does not describe the phones"):
        read_phones(tmp_path / "bad.json")
