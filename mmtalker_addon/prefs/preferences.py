"""The add-on's preferences, and how the rest of it reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from .. import __package__ as ADDON_ID


@dataclass(frozen=True)
class Settings:
    """The preferences as plain values; the defaults where the add-on runs without being enabled.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        backend_python: interpreter to use in place of MMTalker's own, or empty.
    """

    device: str = "auto"
    backend_python: str = ""


def settings(context: Any) -> Settings:
    """Read the preferences."""
    addon = context.preferences.addons.get(ADDON_ID)
    if addon is None or addon.preferences is None:
        return Settings()
    chosen = addon.preferences
    return Settings(chosen.device, bpy.path.abspath(chosen.backend_python))


def _chosen(_preferences: Any, context: Any) -> None:
    # Imported here: what looks for the backend reads these preferences.
    from ..bridge.backend import look_at_own_python

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
        # Imported here: the drawing code needs operators that in turn read these preferences.
        from ..ui.backend import draw_backend

        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "device")
        layout.prop(self, "backend_python")
        draw_backend(layout, context)
