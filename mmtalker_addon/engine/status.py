"""What a running job tells its caller, and the loop that runs one where there is no window."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .errors import EngineError


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobStatus:
    """Where a job is.

    Attributes:
        state: running, or how it ended.
        stage: a word, such as ``head`` or ``generate``.
        fraction: 0..1 of the whole job, never falling.
        message: a sentence for the status line; the error's sentence where it failed.
    """

    state: JobState
    stage: str
    fraction: float
    message: str

    @property
    def ended(self) -> bool:
        return self.state is not JobState.RUNNING


class Job(Protocol):
    """Work that is moved on by whoever holds it: a timer, a modal operator, or ``run_to_end``."""

    @property
    def error(self) -> EngineError | None:
        """Why it failed; None unless it did."""

    def step(self) -> JobStatus:
        """Move on as far as possible without waiting."""

    def cancel(self) -> None:
        """Ask it to stop; ``step`` says when it has."""


def run_to_end(
    job: Job, interval: float = 0.01, report: Callable[[JobStatus], None] | None = None
) -> JobStatus:
    """Step a job until it has ended and return its last status; ``report`` sees every change.

    Whatever interrupts the loop, a Ctrl-C for one, cancels the job and waits for its end first.
    """
    last: JobStatus | None = None
    try:
        while True:
            status = job.step()
            if report is not None and status != last:
                report(status)
            if status.ended:
                return status
            last = status
            time.sleep(interval)
    except BaseException:
        job.cancel()
        while not job.step().ended:
            time.sleep(interval)
        raise
