"""The requests that wait for the main thread, and what becomes of one that is cancelled."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from mmtalker.worker.wire import Frame


@dataclass(frozen=True)
class Job:
    """A request and the flag that asks it to stop."""

    request: Frame
    cancelled: threading.Event = field(default_factory=threading.Event)


class Found(Enum):
    """Where a request was when its cancellation came."""

    RUNNING = auto()
    WAITING = auto()
    NOWHERE = auto()


class JobQueue:
    """Requests in order, one at a time; filled by the reader's thread, emptied by the main one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._closed = False

    def put(self, request: Frame) -> None:
        """Add a request at the end."""
        with self._changed:
            self._waiting.append(Job(request))
            self._changed.notify()

    def take(self) -> Job | None:
        """Wait for the next job and make it the running one; None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._running = None if self._closed else self._waiting.popleft()
            return self._running

    def finish(self, job: Job) -> bool:
        """End the running job; False if it had been cancelled before.

        After this a cancellation finds it nowhere: a job has either a result or a cancellation, not both.
        """
        with self._changed:
            self._running = None
            return not job.cancelled.is_set()

    def cancel(self, number: int) -> Found:
        """Ask the running job to stop, or take a waiting one out."""
        with self._changed:
            if self._running is not None and self._running.request.id == number:
                self._running.cancelled.set()
                return Found.RUNNING
            for job in self._waiting:
                if job.request.id == number:
                    self._waiting.remove(job)
                    return Found.WAITING
            return Found.NOWHERE

    def close(self) -> None:
        """Drop what waits and ask what runs to stop: nobody is there to hear the answer."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._running is not None:
                self._running.cancelled.set()
            self._changed.notify()
