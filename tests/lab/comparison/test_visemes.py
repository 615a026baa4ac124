"""The viseme rule: which shape a sound gets, and how shapes melt into each other."""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch", reason="the evaluation's recordings come with torch")

import torch

from lab.baselines.sounds import heard_sounds, known_sounds, steady_path
from lab.baselines.visemes import POSES, VisemeRule, cues, curves
from lab.evaluation.face import canonical_face
from lab.phonetics.phone_recogniser import PhoneRecogniser
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import phone_parts
from mmtalker.motion.arkit import ARKIT_INDEX
from tests.lab.comparison.constructed import take


def spoken(text: str, seconds: float = 0.1) -> tuple[Phone, ...]:
    return tuple(Phone(name, i * seconds, (i + 1) * seconds) for i, name in enumerate(text.split()))


def shapes(text: str, seconds: float = 0.1) -> str:
    return "".join(cue.shape for cue in cues(known_sounds(spoken(text, seconds))))


def test_rhubarbs_nine_shapes_are_there() -> None:
    assert set(POSES) == set("ABCDEFGHX")
    assert all(name in ARKIT_INDEX for pose in POSES.values() for name in pose)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sil m ɑ p sil", "XADAX"),
        ("f i v", "GBG"),
        ("w u", "F"),
        ("b ɔ ɛ", "AEC"),
        ("aɪ", "CB"),
        ("oʊ", "EF"),
        ("y ø", "FE"),
    ],
)
def test_sounds_get_their_shapes(text: str, expected: str) -> None:
    assert shapes(text) == expected


def test_a_sound_that_allows_it_keeps_the_shape_before() -> None:
    assert shapes("u s i") == "FB"
    assert shapes("ɛ k ɛ") == "C"
    assert shapes("ɛ h i") == "CB"


def test_only_a_long_open_vowel_opens_wide() -> None:
    assert shapes("t a t", seconds=0.1) == "BCB"
    assert shapes("t a t", seconds=0.3) == "BDB"


def test_a_cue_ends_where_the_next_begins() -> None:
    told = cues(known_sounds(spoken("sil m aɪ n sil")))
    assert told[0].start == 0.0 and told[-1].end == pytest.approx(0.5)
    assert all(a.end == b.start and a.shape != b.shape for a, b in pairwise(told))


def test_shapes_melt_into_each_other_and_are_reached_in_the_middle() -> None:
    times = np.arange(0.0, 0.4, 0.005)
    track = curves(known_sounds(spoken("sil ɑ m ɑ")), times)
    jaw = track[:, ARKIT_INDEX["jawOpen"]]
    assert jaw[times.searchsorted(0.15)] == pytest.approx(POSES["D"]["jawOpen"])
    assert jaw[times.searchsorted(0.25)] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(np.diff(jaw)).max() < 0.05


def test_on_the_canonical_face_lips_part_at_a_and_meet_at_m() -> None:
    face = canonical_face()
    phones = spoken("ɑ m ɑ", seconds=0.2)
    made = VisemeRule(face.shapes).predict(take(np.zeros((30, 1, 1)), phones))
    upper, lower = face.middle_lip_pairs.T
    gap = (face.rest + made)[:, upper, 1].mean(axis=1) - (face.rest + made)[:, lower, 1].mean(axis=1)
    assert made.shape == (30, len(face.uv), 3)
    assert gap[5] > 5.0 and gap[15] < 0.1


def test_nobody_knows_what_is_said_and_the_face_rests() -> None:
    face = canonical_face()
    assert not VisemeRule(face.shapes).predict(take(np.zeros((7, 1, 1)))).any()


def test_a_phone_that_cannot_be_read_counts_as_a_schwa() -> None:
    assert shapes("m $ m") == shapes("m ə m") == "ACA"


def test_what_is_heard_changes_only_for_a_reason() -> None:
    scores = np.array([[0, -9], [0, -9], [-1, 0], [0, -9], [-9, 0], [-9, 0]], dtype=np.float32)
    assert steady_path(scores, change=4.0).tolist() == [0, 0, 0, 0, 1, 1]
    assert steady_path(scores, change=0.1).tolist() == [0, 0, 1, 0, 1, 1]


def test_sounds_that_nobody_wrote_down_are_heard() -> None:
    sounds = ["m", "a"]
    rows = torch.from_numpy(np.concatenate([phone_parts(name) for name in sounds]))
    recogniser = PhoneRecogniser(rows, inputs=2, width=4, embedding=3)
    # Whoever it is, it says m and then a: 20 ms frames of two moments each.
    said = np.log(np.array([[0.99, 0.01]] * 10 + [[0.01, 0.99]] * 10, dtype=np.float32))
    recogniser.log_probabilities = lambda features: said
    heard = heard_sounds(recogniser, np.zeros((10, 1, 2), dtype=np.float16))
    assert [cue.shape for cue in cues(heard)] == ["A", "C"]
    assert heard[0].end == heard[1].start
    assert heard[0].end == pytest.approx(0.09)  # the first moment's middle is before the first frame's

    face = canonical_face()
    rule = VisemeRule(face.shapes, recogniser)
    assert np.abs(rule.predict(take(np.zeros((10, 1, 2))))).max() > 1.0
