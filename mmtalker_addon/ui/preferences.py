"""The add-on's page in Blender's preferences; :mod:`..prefs` reads what is chosen there."""

from __future__ import annotations

from typing import Any

import bpy

from .. import __package__ as ADDON_ID
from ..bridge.backend import look_at_own_python
from .backend import draw_backend


def _chosen(_preferences: Any, context: Any) -> None:
    look_at_own_python(context)


class MMTALKER_AP_preferences(bpy.types.AddonPreferences):
    """Shown below the extension in Blender's preferences."""

    bl_idname = ADDON_ID

    device: bpy.props.EnumProperty(
        name="Device",
        description="What the speech model runs on",
        items=(
            ("auto", "Automatic", "The graphics card where there is a usable one, else the processor"),
            ("cpu", "Processor", "Always the processor"),
            ("cuda", "NVIDIA GPU", "Always the graphics card; Generate says so if there is none"),
        ),
        default="auto",
    )
    backend_python: bpy.props.StringProperty(
        name="Own Python",
        description="Python with PyTorch to run the speech model; empty for the one that Set Up installs",
        subtype="FILE_PATH",
        update=_chosen,
    )

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "device")
        layout.prop(self, "backend_python")
        draw_backend(layout, context)
