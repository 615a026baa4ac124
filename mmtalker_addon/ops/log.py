"""Show Log."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import backend
from .explained import ExplainedOperator


class MMTALKER_OT_show_log(ExplainedOperator, bpy.types.Operator):
    """Open what the backend wrote while it worked"""

    bl_idname = "mmtalker.show_log"
    bl_label = "Show Log"

    @classmethod
    def disabled_reason(cls, _context: Any) -> str:
        return "There is no log yet: the backend has not run." if backend.latest_log() is None else ""

    def execute(self, context: Any) -> set[str]:
        log = backend.latest_log()
        if log is None:  # removed since the button was drawn
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(log))
        return {"FINISHED"}
