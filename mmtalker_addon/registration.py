"""What Blender is told about: one ordered tuple of classes, our properties, two handlers."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import ops, ui
from .bridge import backend
from .ops import runs
from .props import MMTALKER_PG_part, MMTALKER_PG_scene
from .props.parts import add_to_objects, take_from_objects
from .ui.preferences import MMTALKER_AP_preferences

CLASSES = (MMTALKER_AP_preferences, MMTALKER_PG_scene, MMTALKER_PG_part, *ops.CLASSES, *ui.CLASSES)


@persistent
def _before_load(*_: Any) -> None:
    if runs.current() is None:
        runs.forget()
    else:
        runs.abandon("Another file was opened: the result was discarded.")


@persistent
def _after_undo(*_: Any) -> None:
    runs.undone()


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.mmtalker = bpy.props.PointerProperty(type=MMTALKER_PG_scene)
    add_to_objects()
    bpy.app.handlers.load_pre.append(_before_load)
    bpy.app.handlers.undo_post.append(_after_undo)
    bpy.app.handlers.redo_post.append(_after_undo)


def unregister() -> None:
    runs.abandon("MMTalker was turned off.")
    runs.forget()
    backend.stop()
    bpy.app.handlers.redo_post.remove(_after_undo)
    bpy.app.handlers.undo_post.remove(_after_undo)
    bpy.app.handlers.load_pre.remove(_before_load)
    take_from_objects()
    del bpy.types.Scene.mmtalker
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
