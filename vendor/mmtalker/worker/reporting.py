"""A job's progress on its way to the client: not too often, never too rarely, and never a lie.

The pace is a compromise. A job reports when it has done something, but a single step (loading a library
from a cold disk, moving a model to a graphics card) can last longer than the two seconds that the protocol
promises. So the last report is repeated while a job is silent: the fraction does not move, it only says
that the process lives. A job that has itself said nothing for ``quiet_limit`` seconds is vouched for only
while it computes: on a loaded machine a step of a few seconds may last minutes, and what tells it from a
hang is that the process uses processor time. One that waits for something, or has computed for
``work_limit`` seconds without a word, is no longer vouched for; then the client's own time limit counts,
and it may take the worker for hung.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from mmtalker.errors import Cancelled

Send = Callable[[str, float], None]


@dataclass(frozen=True)
class Pace:
    """How often progress is sent, in seconds.

    Attributes:
        at_most_every: reports that follow sooner are held back.
        at_least_every: a silent job's last report is repeated after this.
        quiet_limit: how long a job may be silent before it has to compute to be vouched for.
        work_limit: processor seconds that it may compute without a word.
    """

    at_most_every: float = 0.05
    at_least_every: float = 1.5
    quiet_limit: float = 60.0
    work_limit: float = 600.0


IDLE_SHARE = 0.01
"""Share of one processor from which on a process computes; the heartbeat itself uses a hundredth of it."""


class ProgressReporter:
    """The progress callback of one job, and its heartbeat while it is entered as a context.

    Args:
        send: passes a stage and a fraction on; called from two threads, but never at once.
        cancelled: when set, the next call raises ``Cancelled``.
        clock: seconds from any origin.
        work_clock: processor seconds of this process, from any origin.
    """

    def __init__(
        self,
        send: Send,
        cancelled: threading.Event,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        work_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._send = send
        self._cancelled = cancelled
        self._pace = pace or Pace()
        self._clock, self._work_clock = clock, work_clock
        self._lock = threading.Lock()
        self._stage, self._fraction = "start", 0.0
        self._reported = self._sent = self._looked = clock()
        self._worked_then = self._worked = work_clock()
        self._done = threading.Event()
        self._heart = threading.Thread(target=self._beat_until_done, name="heartbeat", daemon=True)

    def __call__(self, stage: str, fraction: float) -> None:
        """Take a report from the job; the fraction never goes back.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self._cancelled.is_set():
            raise Cancelled
        with self._lock:
            self._stage = stage
            self._fraction = min(max(self._fraction, fraction), 1.0)  # in this order a NaN is passed over
            self._reported = self._clock()
            self._worked_then = self._work_clock()
            if self._reported - self._sent >= self._pace.at_most_every:
                self._pass_on()

    def beat(self) -> None:
        """Repeat the last report if it is time to."""
        with self._lock:
            now = self._clock()
            if now - self._sent >= self._pace.at_least_every and self._lives(now):
                self._pass_on()

    def _lives(self, now: float) -> bool:
        """Say whether the job has spoken lately, or has computed since it was last looked at."""
        worked, looked = self._worked, self._looked
        self._worked, self._looked = self._work_clock(), now
        if now - self._reported < self._pace.quiet_limit:
            return True
        computes = self._worked - worked > IDLE_SHARE * (now - looked)
        return computes and self._worked - self._worked_then < self._pace.work_limit

    def __enter__(self) -> ProgressReporter:
        with self._lock:
            self._pass_on()
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._heart.join()  # so that no report can follow the job's answer

    def _pass_on(self) -> None:
        self._sent = self._clock()
        self._send(self._stage, self._fraction)

    def _beat_until_done(self) -> None:
        while not self._done.wait(self._pace.at_least_every / 4):
            self.beat()
