"""Progress: neither a flood nor a silence, and no sign of life for a job that has none."""

from __future__ import annotations

import threading

import pytest

from mmtalker.errors import Cancelled
from mmtalker.worker.reporting import Pace, ProgressReporter


class Recorder:
    """A reporter with a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0
        self.worked = 5.0
        self.sent: list[tuple[str, float]] = []
        self.cancelled = threading.Event()
        pace = Pace(at_most_every=0.05, at_least_every=1.5, quiet_limit=60.0, work_limit=30.0)
        self.report = ProgressReporter(
            lambda stage, fraction: self.sent.append((stage, fraction)),
            self.cancelled,
            pace,
            lambda: self.now,
            lambda: self.worked,
        )

    def after(self, seconds: float) -> ProgressReporter:
        self.now += seconds
        return self.report


def test_reports_that_follow_too_soon_are_held_back():
    recorder = Recorder()
    for step in range(1, 101):
        recorder.after(0.001)("encoding", step / 100)
    assert recorder.sent == [("encoding", 0.5), ("encoding", 1.0)]


def test_the_last_report_is_repeated_while_a_step_is_long():
    recorder = Recorder()
    recorder.after(1.0)("encoding", 0.4)
    recorder.after(0.01)("fusing", 0.6)  # held back, but not lost
    recorder.after(1.0).beat()
    assert recorder.sent == [("encoding", 0.4)]
    recorder.after(0.6).beat()
    assert recorder.sent == [("encoding", 0.4), ("fusing", 0.6)]


def test_a_job_that_hangs_is_not_vouched_for_for_ever():
    recorder = Recorder()
    recorder.after(1.0)("encoding", 0.4)
    for _ in range(200):
        recorder.after(1.5).beat()
    assert len(recorder.sent) == 1 + 39  # the beats of the first minute
    recorder.report("encoding", 0.5)
    assert recorder.sent[-1] == ("encoding", 0.5)


def test_a_long_step_that_computes_is_vouched_for_on_a_loaded_machine():
    recorder = Recorder()
    recorder.after(1.0)("shapes", 0.4)
    for _ in range(200):
        recorder.worked += 0.1  # a fifteenth of a processor is all it gets
        recorder.after(1.5).beat()
    assert len(recorder.sent) == 1 + 200


def test_a_step_that_computes_without_end_is_not_vouched_for_for_ever():
    recorder = Recorder()
    recorder.after(1.0)("shapes", 0.4)
    for _ in range(200):
        recorder.worked += 1.5
        recorder.after(1.5).beat()
    assert len(recorder.sent) == 1 + 39


@pytest.mark.parametrize(("given", "sent"), [(0.2, 0.5), (7.0, 1.0), (-1.0, 0.5), (float("nan"), 0.5)])
def test_the_fraction_neither_goes_back_nor_leaves_its_range(given, sent):
    recorder = Recorder()
    recorder.after(1.0)("encoding", 0.5)
    recorder.after(1.0)("encoding", given)
    assert recorder.sent[-1] == ("encoding", sent)


def test_a_cancelled_job_learns_it_at_its_next_report():
    recorder = Recorder()
    recorder.cancelled.set()
    with pytest.raises(Cancelled):
        recorder.report("encoding", 0.5)
    assert recorder.sent == []


def test_the_heart_beats_by_itself_until_the_job_is_done():
    beats = threading.Semaphore(0)
    pace = Pace(at_least_every=0.01)
    reporter = ProgressReporter(lambda *_: beats.release(), threading.Event(), pace)
    with reporter:
        for _ in range(3):
            assert beats.acquire(timeout=20.0)
    while beats.acquire(blocking=False):
        pass
    assert not beats.acquire(timeout=0.05)
