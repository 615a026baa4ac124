"""The head painted by its parts: a colour attribute, and viewports that show it, until Done."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .custom import restore, text, texts

ATTRIBUTE = "mmtalker_map"
_BEFORE = "mmtalker_before_map"
"""Custom property of the Mesh: its active colour attribute before; of a Screen: colours of its viewports."""


_COLOURS = frozenset(bpy.types.View3DShading.bl_rna.properties["color_type"].enum_items.keys())


def show(obj: Any, colours: NDArray[np.float32]) -> None:
    """Paint the mesh with (V, 4) colours and make them the ones that viewports show."""
    mesh = obj.data
    attributes = mesh.attributes
    layer = mesh.color_attributes.get(ATTRIBUTE)
    if layer is None:
        mesh[_BEFORE] = attributes.active_color_name or ""
        rendered = attributes.default_color_name
        layer = mesh.color_attributes.new(ATTRIBUTE, "FLOAT_COLOR", "POINT")
        if rendered:
            attributes.default_color_name = rendered  # what renders and exports is the artist's
    layer.data.foreach_set("color", np.ascontiguousarray(colours, dtype=np.float32).ravel())
    attributes.active_color_name = ATTRIBUTE
    mesh.update()


def is_shown(obj: Any) -> bool:
    return ATTRIBUTE in obj.data.color_attributes


def hide(obj: Any) -> None:
    """Take the colours away; the artist's own are active again."""
    mesh = obj.data
    layer = mesh.color_attributes.get(ATTRIBUTE)
    if layer is not None:
        mesh.color_attributes.remove(layer)
    before = text(mesh, _BEFORE)
    if before in mesh.color_attributes:
        mesh.attributes.active_color_name = before
    restore(mesh, _BEFORE, None)
    mesh.update()


def show_in_viewports(context: Any) -> None:
    """Let Solid viewports of all windows show colour attributes."""
    for window in context.window_manager.windows:
        screen = window.screen
        before = texts(screen, _BEFORE)
        for number, shading in _viewports(screen):
            if shading.type == "SOLID" and shading.color_type != "VERTEX":
                before[str(number)] = shading.color_type
                shading.color_type = "VERTEX"
        if before:
            screen[_BEFORE] = before


def restore_viewports() -> None:
    """Let viewports show what they showed before."""
    for screen in bpy.data.screens:
        before = texts(screen, _BEFORE)
        for number, shading in _viewports(screen):
            if before.get(str(number)) in _COLOURS and shading.color_type == "VERTEX":
                shading.color_type = before[str(number)]
        restore(screen, _BEFORE, None)


def _viewports(screen: Any) -> list[tuple[int, Any]]:
    """Number of each area that is a 3D viewport, and its shading."""
    areas = enumerate(screen.areas)
    return [(number, area.spaces.active.shading) for number, area in areas if area.type == "VIEW_3D"]
