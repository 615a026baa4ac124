"""The panel Parts: which objects belong to the head."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import head, parts
from ..ops import runs
from ..ops.parts import add_parts_disabled_reason
from .text import draw_text

_MOST_PROBLEMS = 5
"""How many lines that are left out the panel names."""


class MMTALKER_UL_parts(bpy.types.UIList):
    """A line for each part."""

    def draw_item(
        self,
        _context: Any,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: Any,
        _active_data: Any,
        _active_property: Any,
        *_: Any,
    ) -> None:
        layout.prop(item, "object", text="", emboss=False, icon="MESH_DATA")


def draw_parts(layout: Any, context: Any) -> None:
    """Draw the panel."""
    column = layout.column()
    column.enabled = runs.current() is None
    obj, reason = head.find_head(context)
    if obj is None:
        draw_text(column, context, reason, icon="INFO")
        return
    if parts.has_lines(obj):
        column.template_list(
            "MMTALKER_UL_parts", "", obj, "mmtalker_parts", obj, "mmtalker_active_part", rows=3
        )
    row = column.row(align=True)
    row.operator("mmtalker.add_parts", icon="ADD")
    row.operator("mmtalker.remove_part", text="", icon="REMOVE")
    problems = parts.part_problems(context, obj)
    for problem in problems[:_MOST_PROBLEMS]:
        draw_text(column, context, problem, icon="ERROR")
    if len(problems) > _MOST_PROBLEMS:
        text = f"{len(problems) - _MOST_PROBLEMS} more parts cannot be used: Generate names them."
        draw_text(column, context, text, icon="ERROR")
    disabled = add_parts_disabled_reason(context)
    if disabled and not parts.has_lines(obj):
        text = "Eyes, teeth or lashes that are objects of their own: select them and press Add Selected."
        draw_text(column, context, text, icon="INFO")
