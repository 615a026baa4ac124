"""Objects that belong to a head: eyes, teeth, tongue, lashes; kept with the head's object."""

from __future__ import annotations

from typing import Any

import bpy


def is_mesh(_settings: Any, obj: Any) -> bool:
    """What may be picked where a mesh is asked for."""
    return obj.type == "MESH"


class MMTALKER_PG_part(bpy.types.PropertyGroup):
    """A line of the list Parts."""

    object: bpy.props.PointerProperty(
        name="Part",
        description="Mesh that belongs to this head and moves along when it speaks",
        type=bpy.types.Object,
        poll=is_mesh,
    )


def add_to_objects() -> None:
    """Give every object the list; it takes no room where nothing is in it."""
    bpy.types.Object.mmtalker_parts = bpy.props.CollectionProperty(type=MMTALKER_PG_part)
    bpy.types.Object.mmtalker_active_part = bpy.props.IntProperty(name="Active Part", options={"HIDDEN"})


def take_from_objects() -> None:
    del bpy.types.Object.mmtalker_active_part
    del bpy.types.Object.mmtalker_parts
