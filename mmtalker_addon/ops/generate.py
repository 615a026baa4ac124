"""Generate and Cancel."""

from __future__ import annotations

import time
from typing import Any

import bpy

from ..bridge import backend, speech
from ..engine.backend import NoBackend
from ..engine.client import WorkerClient
from ..engine.errors import EngineCode, EngineError
from ..engine.job import GenerateJob
from ..engine.status import JobState, JobStatus
from . import runs
from .running import LongOperator


def generate_disabled_reason(context: Any) -> str:
    """Why Generate is grey; empty where it is not."""
    run = runs.current()
    if run is not None:
        return f"{run.title} is running: wait, or cancel it."
    found = backend.find(context)
    if isinstance(found, NoBackend):
        return found.reason
    return speech.find_problem(context)


class SpeechRun:
    """A Generate: its job on the worker, then the writing of its result into Blender's data."""

    title = "Generate"

    def __init__(self, plan: speech.Plan, client: WorkerClient) -> None:
        self._plan = plan
        self._client = client
        self._job = GenerateJob(client, plan.request)
        self._status = self._job.status
        self._lost = ""
        self._started = time.monotonic()

    @property
    def status(self) -> JobStatus:
        return self._status

    def step(self, context: Any) -> runs.Outcome | None:
        if not self._lost:
            self._lost = speech.lost_reason(self._plan)
            if self._lost:
                self._job.cancel()
        self._status = status = self._job.step()
        if not status.ended:
            return None
        if self._lost:
            return runs.Outcome(JobState.CANCELLED, self._lost)
        if status.state is not JobState.DONE:
            return runs.Outcome(status.state, _ending(status))
        waiting = speech.wait_reason(context)
        if waiting:
            self._status = JobStatus(JobState.RUNNING, "waiting", 1.0, waiting)
            return None
        return self._write()

    def cancel(self) -> None:
        if self._job.status.ended:  # it waits for Object Mode
            self._lost = "Cancelled."
        self._job.cancel()

    def abandon(self) -> None:
        self._client.kill()

    def _write(self) -> runs.Outcome:
        result = self._job.result
        assert result is not None, "a job that is done has a result"
        try:
            written = speech.write_result(self._plan, result)
        except EngineError as error:
            return runs.Outcome(JobState.FAILED, error.message)
        bpy.ops.ed.undo_push(message="Generate Speech")
        seconds = time.monotonic() - self._started
        counts = ((written.made, "new"), (written.renewed, "renewed"), (written.driven, "of your own"))
        keys = ", ".join(f"{count} {which}" for count, which in counts if count)
        message = f"{self._plan.head_name} speaks for {len(result.curves)} frames. Shape keys: {keys}."
        return runs.Outcome(JobState.DONE, f"{message} It took {seconds:.1f} s.", written.warnings)


class MMTALKER_OT_generate(LongOperator, bpy.types.Operator):
    """Make the head speak the recording: shape keys by ARKit's names, and an Action that moves them"""

    bl_idname = "mmtalker.generate"
    bl_label = "Generate"

    @classmethod
    def poll(cls, context: Any) -> bool:
        reason = generate_disabled_reason(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def make_run(self, context: Any) -> runs.Run:
        found = backend.find(context)
        if isinstance(found, NoBackend):
            raise EngineError(EngineCode.CANNOT_START, found.reason)
        plan = speech.make_plan(context)
        return SpeechRun(plan, backend.client(context, found))


class MMTALKER_OT_cancel(bpy.types.Operator):
    """Stop what is running and leave everything as it was"""

    bl_idname = "mmtalker.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if runs.current() is None:
            cls.poll_message_set("Nothing is running.")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        run = runs.current()
        if run is not None:
            run.cancel()
        return {"FINISHED"}


def _ending(status: JobStatus) -> str:
    return "Cancelled: nothing was changed." if status.state is JobState.CANCELLED else status.message
