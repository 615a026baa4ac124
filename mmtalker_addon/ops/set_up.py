"""Set Up: the one button that goes online."""

from __future__ import annotations

import math
from typing import Any

import bpy

from ..bridge import backend, set_up
from ..engine.install import InstallJob
from ..engine.status import JobState, JobStatus
from . import runs
from .explained import ExplainedOperator
from .running import LongOperator


def set_up_disabled_reason() -> str:
    """Why Set Up is grey; empty where it is not."""
    return runs.busy_reason() or set_up.find_problem()


class SetUpRun:
    """The installation; Blender's data has no part in it."""

    title = "Set Up"

    def __init__(self, job: InstallJob) -> None:
        self._job = job
        self._status = JobStatus(JobState.RUNNING, "set up", 0.0, "Setting up")

    @property
    def status(self) -> JobStatus:
        return self._status

    is_writing = False

    def step(self, _context: Any, _budget: float = math.inf) -> runs.Outcome | None:
        self._status = status = self._job.step()
        if not status.ended:
            return None
        if status.state is JobState.DONE:
            return runs.Outcome(JobState.DONE, f"{status.message} Now pick a head and a voice.")
        cancelled = status.state is JobState.CANCELLED
        return runs.Outcome(status.state, "Set Up was cancelled." if cancelled else status.message)

    def cancel(self) -> None:
        self._job.cancel()

    def abandon(self) -> None:
        self._job.cancel()

    def undone(self) -> None:
        """Undo has no part in it."""


class MMTALKER_OT_set_up(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Download PyTorch for the speech model into MMTalker's own folder, once"""

    bl_idname = "mmtalker.set_up"
    bl_label = "Set Up"

    @classmethod
    def disabled_reason(cls, _context: Any) -> str:
        return set_up_disabled_reason()

    def make_run(self, context: Any) -> runs.Run:
        backend.stop()  # a running worker would hold the files that are replaced
        return SetUpRun(set_up.start(context))
