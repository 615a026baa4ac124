"""The panel Check Head: how well the head was recognised, landmarks to drag, and Cut Mouth."""

from __future__ import annotations

from typing import Any

from ..bridge import check, head, head_store, landmarks
from ..core.head_record import HeadCheck
from ..core.regions import REGIONS, in_words, is_doubtful
from ..engine.backend import NoBackend
from ..ops import runs
from ..ops.check import check_disabled_reason
from ..ops.cut import cut_disabled_reason
from .text import draw_text

_MOUTHS = {
    "parted": ("The mouth can open.", "CHECKMARK"),
    "fused": ("The lips are one surface: the mouth cannot open until you press Cut Mouth.", "ERROR"),
    "missing": ("No mouth was found.", "ERROR"),
}


def draw_check(layout: Any, context: Any, found: Any) -> None:
    """Draw the panel.

    Args:
        layout: where.
        context: Blender's.
        found: the backend, or why there is none; the panel above has said so already.
    """
    column = layout.column()
    column.enabled = runs.current() is None
    obj, _ = head.find_head(context)
    record = head_store.read(obj) if obj is not None else None
    shown = check.is_shown(obj)
    column.operator("mmtalker.check_head", text="Check Again" if record else "Check Head", icon="VIEWZOOM")
    if shown:
        _draw_landmarks(column, context, obj)
    reason = check_disabled_reason(context)
    if reason and runs.current() is None and not isinstance(found, NoBackend):
        draw_text(column, context, reason, icon="INFO")
    if record is None or obj is None:
        if not reason:
            draw_text(column, context, "Shows where MMTalker sees the parts of the face.", icon="INFO")
        return
    if head_store.has_changed(obj, record):
        draw_text(column, context, "The mesh has changed since it was checked.", icon="ERROR")
    if record.corrections and not shown:
        text = f"Landmarks that you moved, and that are used: {len(record.corrections)}."
        draw_text(column, context, text, icon="EMPTY_AXIS")
        column.operator("mmtalker.reset_landmarks", icon="LOOP_BACK")
    _draw_found(column, context, record.check)
    _draw_cut(column, context, record.check)


def _draw_landmarks(column: Any, context: Any, obj: Any) -> None:
    moved = len(landmarks.moved(obj))
    text = (
        f"Moved and not updated yet: {moved}."
        if moved
        else "Drag a landmark that is wrong (G), then press Update."
    )
    draw_text(column, context, text, icon="EMPTY_AXIS")
    column.operator("mmtalker.refit_head", icon="FILE_REFRESH")
    row = column.row(align=True)
    row.operator("mmtalker.reset_selected_landmarks", icon="LOOP_BACK")
    row.operator("mmtalker.reset_landmarks")
    column.operator("mmtalker.done_check", icon="CHECKMARK")


def _draw_found(column: Any, context: Any, found: HeadCheck) -> None:
    box = column.box().column(align=True)
    _draw_confidence(box, "Head", found.confidence)
    for region in REGIONS:
        if region.name in found.regions:
            _draw_confidence(box, region.label, found.regions[region.name])
    for warning in found.warnings:
        draw_text(box, context, warning, icon="DOT")


def _draw_confidence(box: Any, label: str, confidence: float) -> None:
    icon = "ERROR" if is_doubtful(confidence) else "CHECKMARK"
    box.label(text=f"{label}: {in_words(confidence)}", icon=icon)


def _draw_cut(column: Any, context: Any, found: HeadCheck) -> None:
    text, icon = _MOUTHS.get(found.mouth, _MOUTHS["missing"])
    draw_text(column, context, text, icon=icon)
    column.operator("mmtalker.cut_mouth", icon="SCULPTMODE_HLT")
    reason = cut_disabled_reason(context)
    if reason and found.mouth == "fused" and runs.current() is None:
        draw_text(column, context, reason, icon="INFO")
