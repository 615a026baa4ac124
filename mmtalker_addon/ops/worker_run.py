"""A job on the worker as a run: stepped, given up once its head is gone, and written when it may be."""

from __future__ import annotations

import math
import time
from typing import Any, Generic, TypeVar

import bpy

from ..bridge import backend
from ..bridge.blocks import wait_reason
from ..core.slices import Sliced, Slices
from ..engine.backend import NoBackend
from ..engine.client import WorkerClient
from ..engine.errors import EngineCode, EngineError
from ..engine.status import JobState, JobStatus
from ..engine.worker_job import WorkerJob
from . import runs

P = TypeVar("P")
T = TypeVar("T")

_TRIES = 3
"""How often writing is begun where the data goes away under it."""

_CANCELLED = "Cancelled: nothing was changed."
_LOST_WHILE_READ = "The mesh was deleted, or undone, while it was read: press the button again."


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


class WorkerRun(Generic[P, T]):
    """Reading Blender's data, then a job on the worker, then the writing of its result into Blender's data.

    A kind of run gives ``title``, ``what``, ``undo_name``, ``begin_job``, ``lost_reason`` and ``write``.
    Reading and writing go in slices, so that Blender draws in between.
    """

    title: str
    """What runs, in two words."""
    what: str
    """What is ready once the job has ended, such as "The speech"."""
    undo_name: str
    """What Blender's Undo History calls it."""

    def __init__(self, reading: Slices[P]) -> None:
        """Take in what is chosen now; the mesh itself is read by later steps.

        Raises:
            EngineError: it cannot be done, and why.
        """
        self._reading = Sliced(reading)
        self._reading.advance(0.0)
        self._plan: P | None = None
        self._job: WorkerJob[T] | None = None
        self._writing: Sliced[runs.Said] | None = None
        self._status = JobStatus(JobState.RUNNING, "read", 0.0, "Reading the mesh")
        self._ended_by = ""
        self._tries = _TRIES
        self._started = time.monotonic()

    def begin_job(self, plan: P) -> WorkerJob[T]:
        """The job on the worker, for what was read."""
        raise NotImplementedError

    def lost_reason(self, plan: P) -> str:
        """Why a result would have nowhere to go any more; empty while all is there."""
        raise NotImplementedError

    def write(self, context: Any, plan: P, result: T) -> Slices[runs.Said]:
        """Put the result into Blender's data, in slices; returns what is told.

        Whatever ends it early, a ``GeneratorExit`` too, leaves all as it was.

        Raises:
            EngineError: it cannot be done.
        """
        raise NotImplementedError

    @property
    def status(self) -> JobStatus:
        return self._status

    @property
    def is_writing(self) -> bool:
        return self._writing is not None

    def step(self, context: Any, budget: float = math.inf) -> runs.Outcome | None:
        try:
            if self._plan is None:
                return self._read(budget)
            return self._step(context, self._plan, budget)
        except EngineError as error:
            return runs.Outcome(JobState.FAILED, error.message)

    def cancel(self) -> None:
        if self._job is None or self._job.status.ended:  # Blender reads, writes, or waits for Object Mode
            self._ended_by = _CANCELLED
        if self._job is not None:
            self._job.cancel()

    def abandon(self) -> None:
        self._reading.close()
        self._stop_writing()
        if self._job is not None:
            self._job.client.kill()

    def undone(self) -> None:
        """Undo or redo has put other data in place of what was written so far: it is written anew."""
        self._stop_writing()

    def _read(self, budget: float) -> runs.Outcome | None:
        if self._ended_by:
            self._reading.close()
            return runs.Outcome(JobState.CANCELLED, self._ended_by)
        try:
            if self._reading.advance(budget):
                self._plan = self._reading.result
                self._job = self.begin_job(self._plan)
                self._status = self._job.status
        except ReferenceError:
            return runs.Outcome(JobState.CANCELLED, _LOST_WHILE_READ)
        return None

    def _step(self, context: Any, plan: P, budget: float) -> runs.Outcome | None:
        assert self._job is not None, "what was read has a job"
        if not self._ended_by:
            self._ended_by = self.lost_reason(plan)
            if self._ended_by:
                self._job.cancel()
        if not self._job.status.ended:
            self._status = self._job.step()
            if not self._status.ended:
                return None
        if self._ended_by:
            self._stop_writing()
            return runs.Outcome(JobState.CANCELLED, self._ended_by)
        status = self._job.status
        if status.state is not JobState.DONE:
            return runs.Outcome(status.state, _ending(status))
        waiting = wait_reason(context, self.what)
        if waiting:
            self._status = JobStatus(JobState.RUNNING, "waiting", 1.0, waiting)
            return None
        return self._write(context, plan, self._job.result, budget)

    def _write(self, context: Any, plan: P, result: T | None, budget: float) -> runs.Outcome | None:
        assert result is not None, "a job that is done has a result"
        if self._writing is None:
            self._writing = Sliced(self.write(context, plan, result))
            self._status = JobStatus(JobState.RUNNING, "write", 1.0, f"{self.what} is being written")
        try:
            if not self._writing.advance(budget):
                return None
        except ReferenceError:  # what it worked on is gone: the next step looks for it again
            self._writing = None
            self._tries -= 1
            if not self._tries:
                raise
            return None
        said = self._writing.result
        self._writing = None
        bpy.ops.ed.undo_push(message=self.undo_name)
        seconds = time.monotonic() - self._started
        message = f"{said.message} It took {seconds:.1f} s."
        return runs.Outcome(JobState.DONE, message, said.warnings, said.details, self.title)

    def _stop_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.close()


def _ending(status: JobStatus) -> str:
    return _CANCELLED if status.state is JobState.CANCELLED else status.message
