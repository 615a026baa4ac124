"""A job's progress on its way to the client: not too often, never too rarely, and never a lie.

The pace is a compromise. A job reports when it has done something, but a single step (loading a library
from a cold disk, moving a model to a graphics card) can last longer than the two seconds that the protocol
promises. So the last report is repeated while a job is silent: the fraction does not move, it only says
that the process lives. A job that has itself said nothing for ``quiet_limit`` seconds is no longer vouched
for; from then on the client's own time limit counts, and it may take the worker for hung.
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
        quiet_limit: how long a job may be silent before it is no longer repeated.
    """

    at_most_every: float = 0.05
    at_least_every: float = 1.5
    quiet_limit: float = 60.0


class ProgressReporter:
    """The progress callback of one job, and its heartbeat while it is entered as a context.

    Args:
        send: passes a stage and a fraction on; called from two threads, but never at once.
        cancelled: when set, the next call raises ``Cancelled``.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        send: Send,
        cancelled: threading.Event,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._cancelled = cancelled
        self._pace = pace or Pace()
        self._clock = clock
        self._lock = threading.Lock()
        self._stage, self._fraction = "start", 0.0
        self._reported = self._sent = clock()
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
            if self._reported - self._sent >= self._pace.at_most_every:
                self._pass_on()

    def beat(self) -> None:
        """Repeat the last report if it is time to."""
        with self._lock:
            now = self._clock()
            if (
                now - self._reported < self._pace.quiet_limit
                and now - self._sent >= self._pace.at_least_every
            ):
                self._pass_on()

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
