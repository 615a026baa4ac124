"""Prepare for FBX and Bring Modifiers Back: what a default export would lose the shape keys by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ..bridge import fbx, head
from . import runs
from .explained import ExplainedOperator


def prepare_disabled_reason(context: Any) -> str:
    """Why Prepare for FBX is grey; empty where it is not."""
    obj, reason = head.find_head(context)
    if obj is None:
        return reason
    if not any(map(fbx.applied, fbx.character(obj))):
        return f"{obj.name} has no modifier that an FBX export would apply."
    return runs.busy_reason()


def bring_back_disabled_reason(context: Any) -> str:
    """Why Bring Modifiers Back is grey; empty where it is not."""
    obj, reason = head.find_head(context)
    if obj is None:
        return reason
    if not any(map(fbx.is_prepared, fbx.character(obj))):
        return f"No modifier of {obj.name} was turned off for FBX."
    return runs.busy_reason()


def _of_all(context: Any, change: Callable[[Any], list[str]]) -> str:
    """Change the head and its parts; returns the modifiers' names."""
    obj, _ = head.find_head(context)
    names = [name for each in fbx.character(obj) for name in change(each)]
    return ", ".join(dict.fromkeys(names))


class MMTALKER_OT_prepare_fbx(ExplainedOperator, bpy.types.Operator):
    """Turn off what a default FBX export would apply and lose all shape keys by; nothing else is changed"""

    bl_idname = "mmtalker.prepare_fbx"
    bl_label = "Prepare for FBX"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 (Blender's own way to declare options)

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return prepare_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        names = _of_all(context, fbx.prepare)
        self.report(
            {"INFO"}, f"Turned off, so that an FBX holds the mesh itself and its shape keys: {names}."
        )
        return {"FINISHED"}


class MMTALKER_OT_bring_back_modifiers(ExplainedOperator, bpy.types.Operator):
    """Show the modifiers again that Prepare for FBX turned off"""

    bl_idname = "mmtalker.bring_back_modifiers"
    bl_label = "Bring Modifiers Back"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return bring_back_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        names = _of_all(context, fbx.bring_back)
        self.report({"INFO"}, f"Shown again: {names}.")
        return {"FINISHED"}
