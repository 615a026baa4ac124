"""The best path through known sounds: order kept, least lengths kept, pauses only where they are heard."""

import numpy as np

from lab.phonetics.viterbi import Stretch, best_path


def scores(heard: list[int], sounds: int, wrong: float = -5.0) -> np.ndarray:
    """(T, S) where each moment clearly is one sound."""
    table = np.full((len(heard), sounds), wrong, dtype=np.float32)
    table[np.arange(len(heard)), heard] = 0.0
    return table


def test_each_moment_goes_to_the_sound_that_is_heard() -> None:
    heard = [0, 0, 1, 1, 1, 2, 2]

    found = best_path(scores(heard, 3), [Stretch(1)] * 3)

    assert found is not None
    assert found[0].tolist() == heard and found[1] == 0.0


def test_a_sound_lasts_its_least_length_even_unheard() -> None:
    found = best_path(scores([0] * 4 + [2] * 4, 3), [Stretch(1), Stretch(2), Stretch(1)])

    assert found is not None
    assert (found[0] == 1).sum() == 2


def test_pauses_come_only_where_they_are_heard() -> None:
    pause, sound = Stretch(2, optional=True), Stretch(1)
    sequence = [pause, sound, pause, sound, pause]

    without = best_path(scores([1, 1, 3, 3], 5), sequence)
    within = best_path(scores([1, 1, 2, 2, 2, 3, 4, 4], 5), sequence)

    assert without is not None and without[0].tolist() == [1, 1, 3, 3]
    assert within is not None and within[0].tolist() == [1, 1, 2, 2, 2, 3, 4, 4]


def test_too_few_moments_have_no_path() -> None:
    assert best_path(scores([0, 1], 3), [Stretch(1)] * 3) is None


def test_it_finds_the_best_of_all_paths() -> None:
    table = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)

    found = best_path(table, [Stretch(1), Stretch(1), Stretch(1)])

    every = [[0] * a + [1] * b + [2] * (7 - a - b) for a in range(1, 6) for b in range(1, 7 - a)]
    best = max(every, key=lambda path: table[np.arange(7), path].sum())
    assert found is not None and found[0].tolist() == best
