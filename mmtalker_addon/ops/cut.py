"""Cut Mouth."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import cut, head
from ..engine.errors import EngineError
from . import runs
from .explained import ExplainedOperator


def cut_disabled_reason(context: Any) -> str:
    """Why Cut Mouth is grey; empty where it is not."""
    return runs.busy_reason() or cut.find_problem(context)


class MMTALKER_OT_cut_mouth(ExplainedOperator, bpy.types.Operator):
    """Part the lips of a head whose mouth is one surface, so that it can open"""

    bl_idname = "mmtalker.cut_mouth"
    bl_label = "Cut Mouth"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 (Blender's own way to declare options)

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return cut_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        obj, _ = head.find_head(context)
        try:
            count = cut.cut_mouth(obj)
        except EngineError as error:
            self.report({"ERROR"}, error.message)
            return {"CANCELLED"}
        self.report({"INFO"}, f"The lips of {obj.name} were parted along {count} edges.")
        return {"FINISHED"}
