"""Generate and Cancel."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import speech
from ..engine.client import WorkerClient
from ..engine.job import GenerateJob
from ..engine.result import JobResult
from . import runs
from .explained import ExplainedOperator
from .running import LongOperator
from .worker_run import WorkerRun, worker_client, worker_disabled_reason


def generate_disabled_reason(context: Any) -> str:
    """Why Generate is grey; empty where it is not."""
    return worker_disabled_reason(context) or speech.find_problem(context)


class SpeechRun(WorkerRun[JobResult]):
    """A Generate."""

    title = "Generate"
    what = "The speech"
    undo_name = "Generate Speech"

    def __init__(self, plan: speech.Plan, client: WorkerClient) -> None:
        super().__init__(GenerateJob(client, plan.request))
        self._plan = plan

    def lost_reason(self) -> str:
        return speech.lost_reason(self._plan)

    def write(self, _context: Any, result: JobResult) -> tuple[str, tuple[str, ...]]:
        written = speech.write_result(self._plan, result)
        counts = ((written.made, "new"), (written.renewed, "renewed"), (written.driven, "of your own"))
        keys = ", ".join(f"{count} {which}" for count, which in counts if count)
        message = f"{self._plan.head_name} speaks for {len(result.curves)} frames. Shape keys: {keys}."
        if written.parts:
            message += f" Parts that move along: {', '.join(written.parts)}."
        return message, written.warnings


class MMTALKER_OT_generate(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Make the head speak the recording: shape keys by ARKit's names, and an Action that moves them"""

    bl_idname = "mmtalker.generate"
    bl_label = "Generate"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return generate_disabled_reason(context)

    def make_run(self, context: Any) -> runs.Run:
        return SpeechRun(speech.make_plan(context), worker_client(context))


class MMTALKER_OT_cancel(ExplainedOperator, bpy.types.Operator):
    """Stop what is running and leave everything as it was"""

    bl_idname = "mmtalker.cancel"
    bl_label = "Cancel"

    @classmethod
    def disabled_reason(cls, _context: Any) -> str:
        return "Nothing is running." if runs.current() is None else ""

    def execute(self, context: Any) -> set[str]:
        run = runs.current()
        if run is not None:
            run.cancel()
        return {"FINISHED"}
