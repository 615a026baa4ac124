"""Whether the backend is there, for panel and preferences: Set Up where it is not."""

from __future__ import annotations

from typing import Any

from ..bridge import backend, set_up
from ..engine.backend import NoBackend
from ..ops.set_up import set_up_disabled_reason
from .text import draw_text


def draw_backend(layout: Any, context: Any) -> None:
    """Draw the backend's state in full, as the preferences show it."""
    found = backend.find(context)
    if isinstance(found, NoBackend):
        draw_missing(layout, context, found.reason)
    else:
        draw_text(layout, context, f"Backend: {found.python} ({found.found}).", icon="CHECKMARK")
        # Nothing is amiss: why it may be grey is left to its tooltip.
        layout.operator("mmtalker.set_up", text="Set Up Again", icon="IMPORT")
    draw_log(layout)


def draw_missing(layout: Any, context: Any, reason: str) -> None:
    """Draw why there is no backend, and what Set Up would do about it."""
    box = layout.box()
    draw_text(box, context, reason, icon="INFO")
    disabled = set_up_disabled_reason()
    if disabled:
        draw_text(box, context, disabled, icon="ERROR")
    else:
        draw_text(box, context, set_up.describe(context))
    box.operator("mmtalker.set_up", icon="IMPORT")


def draw_log(layout: Any) -> None:
    """Offer the log where there is one."""
    if backend.latest_log() is not None:
        layout.operator("mmtalker.show_log", icon="TEXT")
