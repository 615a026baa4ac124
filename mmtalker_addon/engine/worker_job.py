"""What every job on a worker shares: the greeting, requests with their progress, the ways to end."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from .client import Event, Failure, Progress, Reply, WorkerClient, WorkerLost
from .errors import EngineCode, EngineError
from .status import JobState, JobStatus
from .wire import PROTOCOL_VERSION, Array, Frame

CANCEL_LIMIT = 5.0
"""Seconds that a worker has to answer a cancel before it is killed."""

T = TypeVar("T")
Asking = Generator[None, Event, Frame]


class WorkerJob(Generic[T]):
    """A sequence of requests to a worker; ``step`` it until its status has ended.

    Starts the worker where none runs and greets it where it is new. One job at a time may use a client. A
    kind of job gives ``stages`` and ``run``.
    """

    stages: ClassVar[Mapping[str, tuple[float, float, str]]]
    """Share of the whole and the words of each request, ``hello`` among them."""

    def __init__(self, client: WorkerClient, cancel_limit: float = CANCEL_LIMIT) -> None:
        self.client = client
        self._cancel_limit = cancel_limit
        self._sequence = self._greet_and_run()
        self._status = JobStatus(JobState.RUNNING, "hello", 0.0, self.stages["hello"][2])
        self._waiting_for: int | None = None
        self._cancel_wanted = False
        self._cancel_deadline: float | None = None
        self._result: T | None = None
        self._error: EngineError | None = None
        self._started = False

    def run(self) -> Generator[None, Event, T]:
        """Ask and wait, by ``yield from self.ask(...)``; what is returned is the job's result."""
        raise NotImplementedError

    @property
    def status(self) -> JobStatus:
        return self._status

    @property
    def result(self) -> T | None:
        """What came out; None unless the job is done."""
        return self._result

    @property
    def error(self) -> EngineError | None:
        return self._error

    def cancel(self) -> None:
        """Give up; the job ends within the cancel limit whatever the worker does."""
        if not self._status.ended:
            self._cancel_wanted = True

    def step(self) -> JobStatus:
        """Take in what the worker sent and ask for what comes next, without waiting."""
        if self._status.ended:
            return self._status
        try:
            if self._cancel_wanted:
                self._step_cancel()
            else:
                self._step_sequence()
        except StopIteration as stop:
            self._result = stop.value
            self._end(JobState.DONE, "Done")
        except EngineError as error:
            if self._cancel_wanted:
                self._end(JobState.CANCELLED, "Cancelled")
            else:
                self._error = error
                self._end(JobState.FAILED, error.message)
        return self._status

    def _end(self, state: JobState, message: str) -> None:
        fraction = 1.0 if state is JobState.DONE else self._status.fraction
        self._status = JobStatus(state, self._status.stage, fraction, message)
        self._sequence.close()

    def _step_sequence(self) -> None:
        if not self._started:
            self._started = True
            self.client.poll()  # whatever is left of an earlier job
            next(self._sequence)
        for event in self.client.poll():
            self._sequence.send(event)

    def _step_cancel(self) -> None:
        """Tell the worker once, then wait for the target's answer, for a while."""
        if self._cancel_deadline is None:
            self._cancel_deadline = time.monotonic() + self._cancel_limit
            if self._waiting_for is None or not self.client.running:
                return self._end(JobState.CANCELLED, "Cancelled")
            self.client.cancel(self._waiting_for)
            self._show(self._status.stage, self._status.fraction, "Cancelling")
        for event in self.client.poll():
            answered = isinstance(event, Reply) and event.frame.id == self._waiting_for
            refused = isinstance(event, Failure) and event.id == self._waiting_for
            if answered or refused or isinstance(event, WorkerLost):
                return self._end(JobState.CANCELLED, "Cancelled")
        if time.monotonic() > self._cancel_deadline:
            self.client.kill()
            return self._end(JobState.CANCELLED, "Cancelled")
        return None

    def _greet_and_run(self) -> Generator[None, Event, T]:
        """Yield while waiting; each event is sent in."""
        self.client.start()
        yield from self._greet()
        return (yield from self.run())

    def _greet(self) -> Generator[None, Event, None]:
        """Greet a new worker; whoever greeted it, its protocol must be ours."""
        client = self.client
        if client.greeting is None:
            cache = client.cache_dir
            hello = {
                "protocol": PROTOCOL_VERSION,
                "client": "mmtalker_addon",
                "cache_dir": None if cache is None else str(cache),
                "device": client.device,
            }
            yield from self.ask("hello", hello, {})
        version = (client.greeting or {}).get("protocol")
        if version != PROTOCOL_VERSION:
            client.kill()
            raise EngineError(
                EngineCode.MISMATCH,
                f"MMTalker's backend and add-on do not belong together (protocol {version} and "
                f"{PROTOCOL_VERSION}). Install the extension again, then press Set Up in its preferences.",
            )

    def ask(
        self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array], expected: str | None = None
    ) -> Asking:
        """Send a request and wait for its answer, showing its progress meanwhile."""
        low, high, words = self.stages[kind]
        self._show(kind, low, words)
        number = self._waiting_for = self.client.send(kind, fields, arrays)
        while True:
            event = yield
            if isinstance(event, WorkerLost):
                raise EngineError(event.code, event.message, event.log_tail)
            if isinstance(event, Progress) and event.id == number:
                self._show(event.stage or kind, low + (high - low) * event.fraction, words)
            elif isinstance(event, Failure) and event.id == number:
                raise EngineError(event.code, event.message, event.details)
            elif isinstance(event, Reply) and event.frame.id == number:
                break
        self._waiting_for = None
        if event.frame.type != (expected or kind):
            raise EngineError(
                EngineCode.BAD_RESULT,
                f"MMTalker's backend answered '{kind}' with '{event.frame.type}'. Set the backend up again.",
            )
        self._show(kind, high, words)
        return event.frame

    def _show(self, stage: str, fraction: float, message: str) -> None:
        self._status = JobStatus(JobState.RUNNING, stage, max(fraction, self._status.fraction), message)
