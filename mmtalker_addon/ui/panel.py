"""The tab MMTalker in the 3D viewport's sidebar."""

from __future__ import annotations

from typing import Any

import bpy

from ..bridge import backend, fbx, fit, head, sound
from ..engine.backend import NoBackend
from ..ops import runs
from ..ops.generate import SpeechRun, generate_disabled_reason
from ..ops.head import add_disabled_reason
from .backend import draw_log, draw_missing
from .check import draw_check
from .parts import draw_parts
from .text import draw_start, draw_text

_MOST_WARNINGS = 6
"""How many the panel shows, so that it does not push its buttons off the screen."""


class _Tab:
    """Where every panel of ours is."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "MMTalker"


class MMTALKER_PT_main(_Tab, bpy.types.Panel):
    """Pick a head and a voice, press Generate."""

    bl_label = "MMTalker"

    def draw(self, context: Any) -> None:
        layout = self.layout
        running = runs.current()
        choices = layout.column()
        choices.enabled = running is None
        _draw_head(choices, context)
        _draw_sound(choices, context)
        if running is not None:
            _draw_progress(layout, context, running)
            return
        _draw_generate(layout, context)
        _draw_last(layout, context)


class MMTALKER_PT_check(_Tab, bpy.types.Panel):
    """Whether the head was understood, and what to do where it was not."""

    bl_label = "Check Head"
    bl_parent_id = "MMTALKER_PT_main"

    def draw(self, context: Any) -> None:
        draw_check(self.layout, context, backend.find(context))


class MMTALKER_PT_parts(_Tab, bpy.types.Panel):
    """Objects that belong to the head and move along."""

    bl_label = "Parts"
    bl_parent_id = "MMTALKER_PT_main"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 (Blender's own way to declare options)

    def draw(self, context: Any) -> None:
        draw_parts(self.layout, context)


class MMTALKER_PT_advanced(_Tab, bpy.types.Panel):
    """What most people never need."""

    bl_label = "Advanced"
    bl_parent_id = "MMTALKER_PT_main"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: Any) -> None:
        column = self.layout.column()
        column.enabled = runs.current() is None
        column.prop(context.scene.mmtalker, "seed")
        draw_log(self.layout)


def _draw_head(layout: Any, context: Any) -> None:
    settings = context.scene.mmtalker
    column = layout.column(align=True)
    column.label(text="Head")
    row = column.row(align=True)
    row.prop(settings, "head", text="")
    row.operator("mmtalker.use_active", text="", icon="RESTRICT_SELECT_OFF")
    if settings.head is None:
        found, _ = head.find_head(context)
        if found is not None:
            column.label(text=f"{found.name} (active object)", icon="OBJECT_DATA")
    column.operator("mmtalker.add_demo_head", icon="ADD")
    disabled = add_disabled_reason(context)
    if disabled:
        draw_text(column, context, disabled, icon="INFO")


def _draw_sound(layout: Any, context: Any) -> None:
    settings = context.scene.mmtalker
    column = layout.column(align=True)
    column.label(text="Voice")
    column.row(align=True).prop(settings, "source", expand=True)
    if settings.source == "FILE":
        column.prop(settings, "sound_file", text="")
        column.prop(settings, "add_strip")
        return
    column.prop(settings, "strip", text="", icon="SEQ_SEQUENCER")
    if not settings.strip:
        found, _ = sound.find_strip(context)
        if found is not None:
            column.label(text=f"{found.name} (in the sequencer)", icon="SOUND")


def _draw_generate(layout: Any, context: Any) -> None:
    found = backend.find(context)
    reason = generate_disabled_reason(context)
    button = layout.column()
    button.scale_y = 1.6
    button.operator("mmtalker.generate", icon="PLAY")
    if isinstance(found, NoBackend):
        draw_missing(layout, context, found.reason)
    elif reason:
        draw_text(layout, context, reason, icon="INFO")


def _draw_progress(layout: Any, context: Any, running: runs.Run) -> None:
    status = running.status
    column = layout.column(align=True)
    column.progress(factor=status.fraction, text=f"{round(status.fraction * 100)} %")
    draw_text(column, context, status.message)
    column.operator("mmtalker.cancel", icon="CANCEL")


def _draw_last(layout: Any, context: Any) -> None:
    """How the last run ended; a speech that no longer fits is told in place of its success."""
    obj, _ = head.find_head(context)
    misfits = [] if obj is None else fit.find_misfits(context, obj)
    if misfits:
        box = layout.box()
        draw_text(box, context, f"The speech of {obj.name} no longer fits.", icon="ERROR")
        for misfit in misfits:
            draw_text(box, context, misfit, icon="DOT")
        draw_text(box, context, "Press Generate again, or undo the change.", icon="BLANK1")
    outcome = runs.last()
    if outcome is not None and not (misfits and outcome.is_success_of(SpeechRun.title)):
        _draw_outcome(layout.box(), context, outcome)
    if obj is not None:
        _draw_fbx(layout, context, obj)


def _draw_outcome(box: Any, context: Any, outcome: runs.Outcome) -> None:
    draw_text(box, context, outcome.message, icon=outcome.icon)
    warnings = [warning for warning in outcome.warnings if not fbx.is_warning(warning)]
    cut = [draw_start(box, context, warning, icon="DOT") for warning in warnings[:_MOST_WARNINGS]]
    left = len(warnings) - len(cut)
    if left:
        draw_text(box, context, f"And {left} more.", icon="DOT")
    if left or any(cut) or outcome.details:
        box.operator("mmtalker.show_all", icon="LONGDISPLAY")


def _draw_fbx(layout: Any, context: Any, obj: Any) -> None:
    """Say beforehand that an FBX would lose the shape keys, and offer what mends it."""
    members = fbx.character(obj)
    for warning in fbx.warnings(members):
        column = layout.column(align=True)
        draw_start(column, context, warning, icon="MODIFIER")
        column.operator("mmtalker.prepare_fbx")
    if any(map(fbx.is_prepared, members)):
        layout.operator("mmtalker.bring_back_modifiers", icon="MODIFIER")
