"""Closures, labiodentals and silences of a made sentence, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lab.evaluation import contact
from lab.phonetics.phone_speech import Phone

# silence, [m] 0.5 to 0.6, [a], [p] 1.0 to 1.1, [a], [f] 1.5 to 1.6, [a] to 2.0, silence
PHONES = (
    Phone("sil", 0.0, 0.5),
    Phone("m", 0.5, 0.6),
    Phone("a", 0.6, 1.0),
    Phone("p", 1.0, 1.1),
    Phone("a", 1.1, 1.5),
    Phone("f", 1.5, 1.6),
    Phone("a", 1.6, 2.0),
    Phone("sil", 2.0, 2.5),
)
TIMES = np.arange(125) / 50.0


def gap(*shut: tuple[float, float]) -> np.ndarray:
    """10 mm open, but shut in some intervals."""
    track = np.full(len(TIMES), 10.0)
    for start, stop in shut:
        track[round(start * 50) : round(stop * 50)] = 0.0
    return track


SILENCES = ((0.0, 0.5), (2.0, 2.5))


@pytest.mark.parametrize("phone", ["p", "b", "m", "pʰ", "m̩", "bʲ", "pf"])
def test_lips_close_for_p_b_m_with_any_mark(phone: str) -> None:
    assert contact.closes(phone)


@pytest.mark.parametrize("phone", ["a", "w", "f", "n", "t", "sil", "ɸ", "β", "7"])
def test_lips_need_not_close_for_other_sounds(phone: str) -> None:
    assert not contact.closes(phone)


def test_only_f_and_v_bring_the_lip_to_the_teeth() -> None:
    assert [phone for phone in ("f", "v", "ʋ", "p", "s", "a", "sil") if contact.labiodentals(phone)] == [
        "f",
        "v",
    ]


def test_all_closures_met_and_none_elsewhere() -> None:
    track = gap(*SILENCES, (0.5, 0.6), (1.0, 1.1))

    found = contact.count_closures(track, PHONES, TIMES, threshold=0.5)

    assert (found.wanted, found.met) == (2, 2)
    assert (found.recall, found.precision) == (1.0, 1.0)


def test_a_missed_closure_costs_recall_and_a_wrong_one_precision() -> None:
    # p is missed; five frames of [a] are shut. Of [m] the frames from 0.54 on count: before it is silence.
    track = gap(*SILENCES, (0.5, 0.6), (1.3, 1.4))

    found = contact.count_closures(track, PHONES, TIMES, threshold=0.5)

    assert found.recall == 0.5
    assert (found.rightly, found.closing) == (3, 8)
    assert found.precision == pytest.approx(3 / 8)


def test_a_closure_may_be_two_frames_early_or_late_but_not_four() -> None:
    assert contact.count_closures(gap((0.96, 0.98)), PHONES, TIMES, 0.5).met == 1
    assert contact.count_closures(gap((1.12, 1.14)), PHONES, TIMES, 0.5).met == 1
    assert contact.count_closures(gap((0.88, 0.92)), PHONES, TIMES, 0.5).met == 0


def test_the_threshold_is_a_twentieth_of_the_own_range() -> None:
    assert contact.closing_threshold(np.linspace(0.0, 10.0, 101)) == pytest.approx(0.05 * 9.5)


def test_a_mouth_that_never_opens_does_not_close() -> None:
    still = np.zeros(len(TIMES))
    threshold = contact.closing_threshold(still)

    found = contact.count_closures(still, PHONES, TIMES, threshold)

    assert found.recall == 0.0
    assert found.precision is None
    assert contact.closing_threshold(np.zeros(0)) == -np.inf


def test_counts_of_clips_add_up() -> None:
    total = contact.Closures(2, 1, 10, 8) + contact.Closures(2, 2, 10, 10)

    assert (total.recall, total.precision) == (0.75, 0.9)


def test_a_lip_that_comes_to_the_teeth_at_f_alone_is_always_nearer() -> None:
    distance = np.full(len(TIMES), 9.0)
    distance[(TIMES > 1.5) & (TIMES < 1.6)] = 3.0

    found = contact.measure_lip_to_teeth(distance, PHONES, TIMES)

    assert found.wanted == (3.0,)
    # The vowels beside it are measured up to 40 ms into it.
    assert found.elsewhere == (9.0, 3.0, 3.0)
    assert contact.Bites((3.0, 3.0), (9.0, 8.0)).nearer == 1.0
    assert contact.Bites((9.0,), (3.0, 3.0)).nearer == 0.0


def test_a_lip_that_never_moves_is_nearer_by_chance() -> None:
    assert contact.measure_lip_to_teeth(np.full(len(TIMES), 9.0), PHONES, TIMES).nearer == 0.5
    assert contact.Bites().nearer is None


def test_rest_is_away_from_speech() -> None:
    rest = TIMES[contact.at_rest(PHONES, TIMES)]

    assert rest[rest < 1.0].max() == pytest.approx(0.28)
    assert rest[rest > 1.0].min() == pytest.approx(2.2)


def test_silence_is_measured_against_speech() -> None:
    assert contact.rest_ratio(np.array([0.0, 0.2]), np.array([0.0, 4.0])) == pytest.approx(0.05)
    assert contact.rest_ratio(np.zeros(9), np.array([0.0, 4.0])) == 0.0
    assert contact.rest_ratio(np.zeros(9), np.zeros(9)) is None
    assert contact.rest_ratio(np.zeros(0), np.array([0.0, 4.0])) is None
