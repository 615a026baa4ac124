"""A job on the worker as a run: stepped, given up once its head is gone, and written when it may be."""

from __future__ import annotations

import time
from typing import Any, Generic, TypeVar

import bpy

from ..bridge import backend
from ..bridge.blocks import wait_reason
from ..engine.backend import NoBackend
from ..engine.client import WorkerClient
from ..engine.errors import EngineCode, EngineError
from ..engine.status import JobState, JobStatus
from ..engine.worker_job import WorkerJob
from . import runs

T = TypeVar("T")


def worker_disabled_reason(context: Any) -> str:
    """Why nothing that needs the worker can be pressed; empty where it can."""
    busy = runs.busy_reason()
    if busy:
        return busy
    found = backend.find(context)
    return found.reason if isinstance(found, NoBackend) else ""


def worker_client(context: Any) -> WorkerClient:
    """The worker to run a job on.

    Raises:
        EngineError: there is no backend.
    """
    found = backend.find(context)
    if isinstance(found, NoBackend):
        raise EngineError(EngineCode.CANNOT_START, found.reason)
    return backend.client(context, found)


class WorkerRun(Generic[T]):
    """A job on the worker, then the writing of its result into Blender's data.

    A kind of run gives ``title``, ``what``, ``undo_name``, ``lost_reason`` and ``write``.
    """

    title: str
    """What runs, in two words."""
    what: str
    """What is ready once the job has ended, such as "The speech"."""
    undo_name: str
    """What Blender's Undo History calls it."""

    def __init__(self, job: WorkerJob[T]) -> None:
        self._job = job
        self._status = job.status
        self._lost = ""
        self._started = time.monotonic()

    def lost_reason(self) -> str:
        """Why a result would have nowhere to go any more; empty while all is there."""
        raise NotImplementedError

    def write(self, context: Any, result: T) -> tuple[str, tuple[str, ...]]:
        """Put the result into Blender's data; returns a message and warnings.

        Raises:
            EngineError: it cannot be done; nothing was changed.
        """
        raise NotImplementedError

    @property
    def status(self) -> JobStatus:
        return self._status

    def step(self, context: Any) -> runs.Outcome | None:
        if not self._lost:
            self._lost = self.lost_reason()
            if self._lost:
                self._job.cancel()
        self._status = status = self._job.step()
        if not status.ended:
            return None
        if self._lost:
            return runs.Outcome(JobState.CANCELLED, self._lost)
        if status.state is not JobState.DONE:
            return runs.Outcome(status.state, _ending(status))
        waiting = wait_reason(context, self.what)
        if waiting:
            self._status = JobStatus(JobState.RUNNING, "waiting", 1.0, waiting)
            return None
        return self._write_or_fail(context)

    def cancel(self) -> None:
        if self._job.status.ended:  # it waits for Object Mode
            self._lost = "Cancelled."
        self._job.cancel()

    def abandon(self) -> None:
        self._job.client.kill()

    def _write_or_fail(self, context: Any) -> runs.Outcome:
        result = self._job.result
        assert result is not None, "a job that is done has a result"
        try:
            message, warnings = self.write(context, result)
        except EngineError as error:
            return runs.Outcome(JobState.FAILED, error.message)
        bpy.ops.ed.undo_push(message=self.undo_name)
        seconds = time.monotonic() - self._started
        return runs.Outcome(JobState.DONE, f"{message} It took {seconds:.1f} s.", warnings)


def _ending(status: JobStatus) -> str:
    return "Cancelled: nothing was changed." if status.state is JobState.CANCELLED else status.message
