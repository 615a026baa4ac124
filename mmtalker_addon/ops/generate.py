"""Generate and Cancel."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import speech, speech_write
from ..core.slices import Slices
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


class SpeechRun(WorkerRun[speech.Plan, JobResult]):
    """A Generate."""

    title = "Generate"
    what = "The speech"
    undo_name = "Generate Speech"

    def __init__(self, context: Any, client: WorkerClient) -> None:
        super().__init__(speech.plan_in_slices(context))
        self._client = client

    def begin_job(self, plan: speech.Plan) -> GenerateJob:
        return GenerateJob(self._client, plan.request)

    def lost_reason(self, plan: speech.Plan) -> str:
        return speech.lost_reason(plan)

    def write(self, _context: Any, plan: speech.Plan, result: JobResult) -> Slices[runs.Said]:
        written = yield from speech_write.write_result(plan, result)
        message = _message(plan.head_name, len(result.curves), written)
        return runs.Said(message, written.warnings, written.details)


def _message(name: str, frames: int, written: speech_write.Written) -> str:
    counts = ((written.made, "new"), (written.renewed, "renewed"), (written.driven, "of your own"))
    keys = ", ".join(f"{count} {which}" for count, which in counts if count)
    sentences = [f"{name} speaks for {frames} frames. Shape keys: {keys}."]
    if written.parts:
        sentences.append(f"Parts that move along: {', '.join(written.parts)}.")
    if written.kept:
        sentences.append(f"The speech before it is kept as the Action {', '.join(written.kept)}.")
    if written.end_frame is not None:
        sentences.append(f"The scene now ends with it, at frame {written.end_frame}.")
    return " ".join(sentences)


class MMTALKER_OT_generate(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Make the head speak the recording: shape keys by ARKit's names, and an Action that moves them"""

    bl_idname = "mmtalker.generate"
    bl_label = "Generate"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return generate_disabled_reason(context)

    def make_run(self, context: Any) -> runs.Run:
        return SpeechRun(context, worker_client(context))


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
