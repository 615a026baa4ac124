"""The add-on's preferences as plain values; :mod:`.ui.preferences` declares and draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from . import __package__ as ADDON_ID


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
