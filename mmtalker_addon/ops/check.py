"""Check Head, Update, Reset and Done: where the head's parts are, and what the animator says to that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy

from ..bridge import check, head, head_store, landmarks, map_colours
from ..core.slices import Slices
from ..engine.client import WorkerClient
from ..engine.map_job import MapJob, MapResult
from . import runs
from .explained import ExplainedOperator
from .running import LongOperator
from .worker_run import WorkerRun, worker_client, worker_disabled_reason


def check_disabled_reason(context: Any) -> str:
    """Why Check Head is grey; empty where it is not."""
    return worker_disabled_reason(context) or check.find_problem(context)


def refit_disabled_reason(context: Any) -> str:
    """Why Update is grey; empty where it is not."""
    obj, _ = head.find_head(context)
    if not check.is_shown(obj):
        return "No landmarks are shown: press Check Head first."
    if not landmarks.moved(obj):
        return "No landmark was moved: drag one with G first."
    return check_disabled_reason(context)


def reset_disabled_reason(context: Any, only_selected: bool = False) -> str:
    """Why Reset is grey; empty where it is not."""
    obj, reason = head.find_head(context)
    if obj is None:
        return reason
    if not _resettable(context, obj, only_selected):
        return "No selected landmark was moved." if only_selected else "No landmark was moved."
    return check_disabled_reason(context)


def done_disabled_reason(context: Any) -> str:
    """Why Done is grey; empty where it is not."""
    obj, reason = head.find_head(context)
    if obj is None:
        return reason
    if not check.is_shown(obj):
        return "Nothing is shown on the head."
    return runs.busy_reason() or check.find_problem(context)


class CheckRun(WorkerRun[check.CheckPlan, MapResult]):
    """A Check Head, an Update or a Reset."""

    title = "Check Head"
    what = "What was found"
    undo_name = "Check Head"

    def __init__(self, context: Any, client: WorkerClient, forget: Collection[str] = ()) -> None:
        super().__init__(check.plan_in_slices(context, forget))
        self._client = client

    def begin_job(self, plan: check.CheckPlan) -> MapJob:
        return MapJob(self._client, plan.character.request)

    def lost_reason(self, plan: check.CheckPlan) -> str:
        return check.lost_reason(plan)

    def write(self, context: Any, plan: check.CheckPlan, result: MapResult) -> Slices[runs.Said]:
        message = yield from check.write_result(plan, result)
        map_colours.show_in_viewports(context)
        return runs.Said(message, (*result.warnings, *plan.character.warnings))


class MMTALKER_OT_check_head(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Show where MMTalker sees mouth, eyes, nose and jaw, and how sure it is; makes no speech"""

    bl_idname = "mmtalker.check_head"
    bl_label = "Check Head"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return check_disabled_reason(context)

    def make_run(self, context: Any) -> runs.Run:
        return _look(context)


class MMTALKER_OT_refit_head(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Look at the head again with the landmarks where you dragged them"""

    bl_idname = "mmtalker.refit_head"
    bl_label = "Update"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return refit_disabled_reason(context)

    def make_run(self, context: Any) -> runs.Run:
        return _look(context)


class MMTALKER_OT_reset_landmarks(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Let all landmarks go back to where MMTalker finds them"""

    bl_idname = "mmtalker.reset_landmarks"
    bl_label = "Reset All"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return reset_disabled_reason(context)

    def make_run(self, context: Any) -> runs.Run:
        obj, _ = head.find_head(context)
        return _look(context, _resettable(context, obj))


class MMTALKER_OT_reset_selected(ExplainedOperator, LongOperator, bpy.types.Operator):
    """Let the selected landmarks go back to where MMTalker finds them"""

    bl_idname = "mmtalker.reset_selected_landmarks"
    bl_label = "Reset Selected"

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return reset_disabled_reason(context, only_selected=True)

    def make_run(self, context: Any) -> runs.Run:
        obj, _ = head.find_head(context)
        return _look(context, _resettable(context, obj, only_selected=True))


class MMTALKER_OT_done_check(ExplainedOperator, bpy.types.Operator):
    """Take landmarks and colours off the head; landmarks that you moved and updated are remembered"""

    bl_idname = "mmtalker.done_check"
    bl_label = "Done"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 (Blender's own way to declare options)

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return done_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        obj, _ = head.find_head(context)
        was_landmark = landmarks.owner(context.view_layer.objects.active) == obj
        check.hide(obj)
        if was_landmark:  # the head was meant by it
            context.view_layer.objects.active = obj
        return {"FINISHED"}


def _look(context: Any, forget: Collection[str] = ()) -> CheckRun:
    """Begin to look at the head, some landmarks being forgotten."""
    return CheckRun(context, worker_client(context), forget)


def _resettable(context: Any, obj: Any, only_selected: bool = False) -> set[str]:
    """Names of the head's landmarks that are not where they were found."""
    if obj.type != "MESH":
        return set()
    names = set(head_store.corrections(obj)) | set(landmarks.moved(obj))
    return names & landmarks.selected(obj, context.selected_objects) if only_selected else names
