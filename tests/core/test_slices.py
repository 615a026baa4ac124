"""Work in slices: it pauses where it may, ends with its result, and is given up whole."""

from __future__ import annotations

import pytest

from mmtalker_addon.core.slices import Sliced, Slices, in_one_go


def count(steps: list[str]) -> Slices[int]:
    try:
        for number in range(3):
            steps.append(str(number))
            yield
    except GeneratorExit:
        steps.append("taken back")
        raise
    return len(steps)


def test_all_at_once() -> None:
    steps: list[str] = []
    assert in_one_go(count(steps)) == 3
    assert steps == ["0", "1", "2"]


def test_without_time_one_slice_is_done_at_a_time() -> None:
    steps: list[str] = []
    work = Sliced(count(steps))
    for number in range(3):
        assert not work.advance(0.0)
        assert len(steps) == number + 1
    assert work.advance(0.0)
    assert work.result == 3
    assert work.advance(0.0), "once done it stays done"


def test_work_that_is_given_up_takes_back_what_it_did() -> None:
    steps: list[str] = []
    work = Sliced(count(steps))
    work.advance(0.0)
    work.close()
    assert steps == ["0", "taken back"]


def test_its_errors_are_its_callers() -> None:
    def fail() -> Slices[None]:
        yield
        raise KeyError("x")

    work = Sliced(fail())
    with pytest.raises(KeyError):
        work.advance()
