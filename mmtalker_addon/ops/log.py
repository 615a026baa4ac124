"""Show Log."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import backend


class MMTALKER_OT_show_log(bpy.types.Operator):
    """Open what the backend wrote while it worked"""

    bl_idname = "mmtalker.show_log"
    bl_label = "Show Log"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if backend.latest_log() is None:
            cls.poll_message_set("There is no log yet: the backend has not run.")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        log = backend.latest_log()
        if log is None:  # removed since the button was drawn
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(log))
        return {"FINISHED"}
