"""Which head: Use Active, and Add Demo Head."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import demo_head
from ..engine.errors import EngineError
from .explained import ExplainedOperator


def add_disabled_reason(context: Any) -> str:
    """Why Add Demo Head is grey; empty where it is not."""
    return "" if context.mode == "OBJECT" else "Switch to Object Mode first."


class MMTALKER_OT_use_active(ExplainedOperator, bpy.types.Operator):
    """Pick the active object as the head"""

    bl_idname = "mmtalker.use_active"
    bl_label = "Use Active"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 (Blender's own way to declare options)

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        active = context.view_layer.objects.active
        is_mesh = active is not None and active.type == "MESH"
        return "" if is_mesh else "The active object is not a mesh."

    def execute(self, context: Any) -> set[str]:
        context.scene.mmtalker.head = context.view_layer.objects.active
        return {"FINISHED"}


class MMTALKER_OT_add_demo_head(ExplainedOperator, bpy.types.Operator):
    """Add a head to try MMTalker on, and look at it; anybody may use it for anything"""

    bl_idname = "mmtalker.add_demo_head"
    bl_label = "Add Demo Head"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return add_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        try:
            head = demo_head.add(context)
        except EngineError as error:
            self.report({"ERROR"}, error.message)
            return {"CANCELLED"}
        context.scene.mmtalker.head = head
        demo_head.look_at(context)
        return {"FINISHED"}
