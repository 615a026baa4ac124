"""Closures heard in the sound: where a hum takes the place of a hiss, and only where they are clear."""

import numpy as np

from lab.phonetics.closures import heard_closures
from lab.phonetics.phone_speech import Phone

RATE = 16_000
PHONES = (Phone("a", 0.0, 0.31), Phone("m", 0.31, 0.38), Phone("i", 0.38, 0.7))


def speech(quiet: float) -> np.ndarray:
    """A vowel-like buzz from 0 to 0.7 s whose high part is ``quiet`` times as strong from 0.3 to 0.4 s."""
    times = np.arange(round(0.7 * RATE)) / RATE
    high = np.where((times > 0.3) & (times < 0.4), quiet, 1.0) * np.sin(2 * np.pi * 1500 * times)
    return (0.2 * high + 0.2 * np.sin(2 * np.pi * 150 * times)).astype(np.float32)


def test_a_closure_is_found_where_the_high_part_fades() -> None:
    (closure,) = heard_closures(speech(0.02), PHONES)

    np.testing.assert_allclose([closure.start, closure.end], [0.3, 0.4], atol=0.004)
    assert closure.phone == PHONES[1]


def test_a_faint_closure_is_not_measured() -> None:
    assert list(heard_closures(speech(0.7), PHONES)) == []


def test_other_consonants_are_left_alone() -> None:
    phones = (PHONES[0], Phone("n", 0.31, 0.38), PHONES[2])

    assert list(heard_closures(speech(0.02), phones)) == []
