"""Sentences in panels, which Blender itself cuts off at the panel's edge."""

from __future__ import annotations

import textwrap
from typing import Any

_PIXELS_PER_LETTER = 6.6
"""Average width of a letter of Blender's interface font at scale 1."""


def draw_text(layout: Any, context: Any, text: str, icon: str = "NONE") -> None:
    """Draw a sentence over as many lines as the region's width asks for."""
    scale = context.preferences.system.ui_scale
    width = (context.region.width if context.region is not None else 300) / scale
    letters = max(int((width - 60) / _PIXELS_PER_LETTER), 16)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(text, letters)):
        indent = "NONE" if icon == "NONE" else "BLANK1"
        column.label(text=line, icon=icon if number == 0 else indent)
