"""How a lip gap follows a filmed one: size, closures, short and long pauses."""

from __future__ import annotations

import numpy as np
import pytest

from lab.evaluation.following import (
    Followed,
    closed_together,
    deviation_ratio,
    long_pauses,
    short_pause_ratio,
    short_pauses,
)
from lab.phonetics.phone_speech import Phone

TIMES = np.arange(300) / 50
PHONES = (
    Phone("sil", 0.0, 0.4),
    Phone("a", 0.4, 1.0),
    Phone("sil", 1.0, 1.3),
    Phone("o", 1.3, 2.0),
    Phone("sil", 2.0, 5.0),
    Phone("m", 5.0, 5.5),
    Phone("sil", 5.5, 6.0),
)


def take(made: np.ndarray, true: np.ndarray) -> Followed:
    return Followed(made, true, PHONES, TIMES)


def test_pauses_are_told_apart_by_their_length_and_edges_are_no_pauses_between_sounds() -> None:
    short, long = short_pauses(PHONES, TIMES), long_pauses(PHONES, TIMES)

    assert TIMES[short].min() >= 1.0 and TIMES[short].max() < 1.3
    assert TIMES[long].min() == pytest.approx(2.6, abs=0.03) and TIMES[long].max() == pytest.approx(
        4.4, abs=0.03
    )


def test_size_is_the_deviation_over_the_film_s() -> None:
    true = np.sin(TIMES * 7.0)

    assert deviation_ratio([take(0.8 * true, true)]) == pytest.approx(0.8)
    assert deviation_ratio([take(true, np.zeros(300))]) is None


def test_lips_that_are_shut_with_the_film_are_counted() -> None:
    true = np.sin(TIMES * 7.0)
    rng = np.random.default_rng(0)

    assert closed_together([take(3.0 * true + 1.0, true)]) == 1.0
    assert closed_together([take(-true, true)]) == 0.0
    assert closed_together([take(rng.random(300), true)]) == pytest.approx(0.2, abs=0.15)


def test_motion_in_short_pauses_is_compared_there_alone() -> None:
    true = np.sin(TIMES * 17.0)
    made = np.where(short_pauses(PHONES, TIMES), 0.5 * true, 9.0)

    assert short_pause_ratio([take(made, true)]) == pytest.approx(0.5)
