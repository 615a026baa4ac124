"""Show All: what the panel has no room for."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

from . import runs
from .explained import ExplainedOperator

_WIDTH = 600
"""Pixels, at interface scale 1."""

_LETTERS = 95
"""How many fit into a line of that."""

_COLUMNS = 3


class MMTALKER_OT_show_all(ExplainedOperator, bpy.types.Operator):
    """Show all that was said when the last run ended, with the names that the panel only counts"""

    bl_idname = "mmtalker.show_all"
    bl_label = "Show All"

    @classmethod
    def disabled_reason(cls, _context: Any) -> str:
        outcome = runs.last()
        return "" if outcome is not None and outcome.warnings else "Nothing was said."

    def execute(self, _context: Any) -> set[str]:
        outcome = runs.last()
        if outcome is not None:
            print("\n".join((outcome.message, *outcome.warnings, *outcome.details)))
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[str]:
        return context.window_manager.invoke_popup(self, width=_WIDTH)

    def draw(self, _context: Any) -> None:
        outcome = runs.last()
        if outcome is None:
            return
        column = self.layout.column(align=True)
        for sentence in (outcome.message, *outcome.warnings):
            for line in textwrap.wrap(sentence, _LETTERS):
                column.label(text=line)
        if outcome.details:
            column.separator()
            grid = column.grid_flow(columns=_COLUMNS, align=True)
            for detail in outcome.details:
                grid.label(text=detail)
