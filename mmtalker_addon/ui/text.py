"""Sentences in panels, which Blender itself cuts off at the panel's edge."""

from __future__ import annotations

import textwrap
from typing import Any

_PIXELS_PER_LETTER = 6.6
"""Average width of a letter of Blender's interface font at scale 1."""


_MOST_LINES = 6
"""How many lines of a sentence that may be of any length are shown."""


def draw_text(layout: Any, context: Any, text: str, icon: str = "NONE") -> None:
    """Draw a sentence over as many lines as the region's width asks for."""
    _draw_lines(layout, _lines(context, text), icon)


def draw_start(layout: Any, context: Any, text: str, icon: str = "NONE") -> bool:
    """Draw a sentence that may be of any length; True where only its beginning was drawn."""
    lines = _lines(context, text)
    is_cut = len(lines) > _MOST_LINES
    if is_cut:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} ..."]
    _draw_lines(layout, lines, icon)
    return is_cut


def _lines(context: Any, text: str) -> list[str]:
    scale = context.preferences.system.ui_scale
    width = (context.region.width if context.region is not None else 300) / scale
    return textwrap.wrap(text, max(int((width - 60) / _PIXELS_PER_LETTER), 16))


def _draw_lines(layout: Any, lines: list[str], icon: str) -> None:
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        indent = "NONE" if icon == "NONE" else "BLANK1"
        column.label(text=line, icon=icon if number == 0 else indent)
