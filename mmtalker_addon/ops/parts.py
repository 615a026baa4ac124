"""Add Selected and Remove: which objects belong to the head."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import check, head, landmarks, parts
from . import runs
from .explained import ExplainedOperator


def add_parts_disabled_reason(context: Any) -> str:
    """Why Add Selected is grey; empty where it is not."""
    obj, reason = _head(context)
    if obj is None:
        return reason
    if not _addable(context, obj):
        return f"Select the meshes that belong to {obj.name}, such as its eyes and teeth."
    return runs.busy_reason()


def remove_part_disabled_reason(context: Any) -> str:
    """Why Remove is grey; empty where it is not."""
    obj, reason = _head(context)
    if obj is None:
        return reason
    return runs.busy_reason() if parts.has_active(obj) else "No part is listed."


class MMTALKER_OT_add_parts(ExplainedOperator, bpy.types.Operator):
    """Let the selected meshes move along with the head: eyes, teeth, tongue, lashes, brows"""

    bl_idname = "mmtalker.add_parts"
    bl_label = "Add Selected"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 (Blender's own way to declare options)

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return add_parts_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        obj, _ = _head(context)
        # Otherwise the next click on a part would make that one the head.
        context.scene.mmtalker.head = obj
        parts.add_parts(obj, _addable(context, obj))
        return {"FINISHED"}


class MMTALKER_OT_remove_part(ExplainedOperator, bpy.types.Operator):
    """Take this object off the list; what it has of shape keys and speech stays on it"""

    bl_idname = "mmtalker.remove_part"
    bl_label = "Remove Part"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def disabled_reason(cls, context: Any) -> str:
        return remove_part_disabled_reason(context)

    def execute(self, context: Any) -> set[str]:
        obj, _ = _head(context)
        removed = parts.remove_active(obj)
        if removed is not None and removed not in parts.listed(obj):
            check.hide_colours(removed)
        return {"FINISHED"}


def _head(context: Any) -> tuple[Any, str]:
    """The head, which must be a mesh of this file, or why there is none."""
    obj, reason = head.find_head(context)
    if obj is not None and obj.type == "MESH" and obj.library is None:
        return obj, ""
    return None, reason or head.head_problem(obj)


def _addable(context: Any, obj: Any) -> list[Any]:
    there = {part.session_uid for part in parts.listed(obj)}
    return [
        other
        for other in context.selected_objects
        if other.type == "MESH"
        and other != obj
        and other.session_uid not in there
        and landmarks.owner(other) is None
    ]
