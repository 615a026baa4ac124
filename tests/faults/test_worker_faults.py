"""The worker killed, stopped, garbled, and starved of memory and disk, at each stage of a job.

Given a job whose worker meets a fault, then Blender's side lives, a sentence says what is the matter, what is
the user's is as it was, and the next job is right with no more ado.
"""

from __future__ import annotations

import os

import pytest

from mmtalker_addon.engine.job import GenerateJob
from mmtalker_addon.engine.status import JobState
from tests.engine.workers import LIMIT_S, wait_until
from tests.faults.conftest import assert_right, assert_sentence

if os.name != "posix":
    pytest.skip("the faults are made by POSIX means", allow_module_level=True)

from tests.faults.faulty_worker import FAULTS, STAGES

STOPPED, BROKEN, SILENT = ("worker_stopped",), ("worker_broken_frame", "worker_stopped"), ("worker_silent",)
MEMORY, DISK = ("out_of_memory",), ("disk_full",)
PASSED_OVER = ()
"""Codes where the job is done all the same."""

EXPECTED: dict[str, tuple[tuple[str, ...], str]] = {
    "killed": (MEMORY, "memory ran out"),
    "terminated": (STOPPED, "SIGTERM"),
    "segmentation fault": (STOPPED, "SIGSEGV"),
    "aborted": (STOPPED, "SIGABRT"),
    "bus error": (STOPPED, "SIGBUS"),
    "exit 0": (STOPPED, "exited with code 0"),
    "exit 1 with a traceback": (STOPPED, "ImportError: no such library"),
    "exit 120": (STOPPED, "exited with code 120"),
    "stopped": (SILENT, "no sign of life"),
    "stopped for a moment": (PASSED_OVER, ""),
    "holds the interpreter": (SILENT, "no sign of life"),
    "leaves a child with its output": (STOPPED, "exited with code 3"),
    "closes its output": (STOPPED, "MMTalker's backend"),
    "words": (BROKEN, "unreadable message"),
    "zeros": (BROKEN, "unreadable message"),
    "noise": (BROKEN, "unreadable message"),
    "half a magic": (BROKEN, "unreadable message"),
    "huge header": (BROKEN, "unreadable message"),
    "half a header": (BROKEN, "unreadable message"),
    "header of no JSON": (BROKEN, "unreadable message"),
    "header of a list": (BROKEN, "unreadable message"),
    "header of brackets": (BROKEN, "unreadable message"),
    "header of surrogates": (BROKEN, "unreadable message"),
    "no type": (BROKEN, "unreadable message"),
    "a number of text": (BROKEN, "unreadable message"),
    "array of objects": (BROKEN, "unreadable message"),
    "array of less than nothing": (BROKEN, "unreadable message"),
    "array of 8 TB": (BROKEN, "unreadable message"),
    "half an array": (BROKEN, "unreadable message"),
    "an answer to nobody": (PASSED_OVER, ""),
    "progress to nobody": (PASSED_OVER, ""),
    "MemoryError": (MEMORY, "not enough memory"),
    "torch's memory": (MEMORY, "not enough memory"),
    "CUDA's memory": (MEMORY, "not enough memory"),
    "a library's memory": (MEMORY, "not enough memory"),
    "the system's memory": (MEMORY, "not enough memory"),
    "memory under the weights": (MEMORY, "not enough memory"),
    "memory under a file": (MEMORY, "not enough memory"),
    "no memory": (MEMORY, "not enough memory"),
    "disk full": (DISK, "is full"),
    "quota": (DISK, "is full"),
    "files cannot grow": (PASSED_OVER, ""),
    "a bug": (("internal",), "ZeroDivisionError"),
    "recursion": (("internal",), "RecursionError"),
    "weights gone": (("weights_missing",), "Run set-up"),
}

SLOW = {"hello": {"stopped", "holds the interpreter"}}
"""Those that wait for a limit that has to be longer than a start takes."""


def cases():
    """Every fault at every stage; in the quick run each fault at one stage, the stages in turn."""
    assert EXPECTED.keys() == FAULTS.keys()
    for number, fault in enumerate(EXPECTED):
        quick = 1 + (number % 3)
        for place, stage in enumerate(STAGES):
            slow = place != quick or fault in SLOW.get(stage, ())
            yield pytest.param(
                stage, fault, id=f"{fault} at {stage}", marks=[pytest.mark.slow] if slow else []
            )


@pytest.mark.parametrize(("stage", "fault"), list(cases()))
def test_a_fault_ends_in_a_sentence_and_the_next_job_is_right(make_desk, stage: str, fault: str) -> None:
    codes, words = EXPECTED[fault]
    desk = make_desk()
    client = desk.make_client(stage, fault)
    before = desk.digest()
    if codes == SILENT:
        client.start_limit = 5.0 if stage == "hello" else LIMIT_S
        client.silence_limit = 2.0

    job = desk.generate()

    assert desk.mark.exists(), "the fault was not made"
    if codes == PASSED_OVER:
        assert_right(job)
    else:
        assert job.status.state is JobState.FAILED
        assert job.error is not None and job.error.code in codes, job.error
        assert words in job.error.message
        assert_sentence(job.error.message)
        assert job.result is None
    assert desk.digest() == before
    assert client.log_path.read_text(encoding="utf-8", errors="replace").strip()
    client.silence_limit = client.start_limit = LIMIT_S
    assert_right(desk.generate())
    assert desk.digest() == before


def test_a_worker_killed_between_two_jobs_is_replaced(make_desk) -> None:
    """Given a worker that has done a job and then dies, when another is asked for, it is started anew."""
    desk = make_desk()
    assert_right(desk.generate())
    before = desk.digest()
    pid = desk.client.pid
    assert pid is not None
    os.kill(pid, 9)
    wait_until(lambda: not desk.client.running)
    assert_right(desk.generate())
    assert desk.client.pid != pid
    assert desk.digest() == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancel_is_heard_by_a_worker_that_does_not_answer(make_desk, stage: str) -> None:
    desk = make_desk()
    desk.make_client(stage, "stopped")
    before = desk.digest()
    job = GenerateJob(desk.client, desk.request, cancel_limit=0.3)
    wait_until(lambda: job.step().ended or desk.mark.exists())
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert job.status.state is JobState.CANCELLED
    assert desk.digest() == before
    assert_right(desk.generate())
