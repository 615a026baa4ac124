"""FBX and modifiers: Blender's exporter applies them by default, and leaves all shape keys out where it does.

It does so for every modifier but an Armature that is shown in the viewport or in renders
(``io_scene_fbx/export_fbx_bin.py``: such an object is evaluated, and an evaluated mesh has no shape keys).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import custom, parts

_OFF = "mmtalker_modifiers_off"
"""Custom property of the object: for each modifier that was turned off, where it was shown before."""

_SHOWN = ("show_viewport", "show_render")

_LOSES = "A default FBX export applies modifiers and loses all shape keys by that"

_MOST = 3
"""How many objects a sentence names."""


def applied(obj: Any) -> list[Any]:
    """The modifiers for which an FBX loses an object's shape keys."""
    if obj.type != "MESH" or obj.library is not None:
        return []
    return [each for each in obj.modifiers if each.type != "ARMATURE" and _is_shown(each)]


def is_prepared(obj: Any) -> bool:
    """True where modifiers of the object were turned off for FBX and are there to be shown again."""
    return bool(_turned_off(obj))


def character(obj: Any) -> list[Any]:
    """A head and its parts that are meshes."""
    return [each for each in (obj, *parts.listed(obj)) if each.type == "MESH"]


def warnings(objects: Sequence[Any]) -> list[str]:
    """What is told where an FBX would lose shape keys: one sentence, empty where it would not."""
    lost = {obj.name: [each.name for each in applied(obj)] for obj in objects}
    named = [f"{', '.join(names)} of {obj}" for obj, names in lost.items() if names]
    if not named:
        return []
    shown = "; ".join(named[:_MOST]) + (f"; and {len(named) - _MOST} more" if len(named) > _MOST else "")
    return [f"{_LOSES} ({shown}): press Prepare for FBX first, or turn off Apply Modifiers in the exporter."]


def is_warning(text: str) -> bool:
    """True for a sentence of :func:`warnings`, which a panel says anew as things are now."""
    return text.startswith(_LOSES)


def prepare(obj: Any) -> list[str]:
    """Turn off what an exporter would apply, and remember where it was shown; returns the names."""
    found = applied(obj)
    before = custom.plain(obj, _OFF)
    off = before if isinstance(before, dict) else {}
    for modifier in found:
        off[str(modifier.persistent_uid)] = [int(getattr(modifier, name)) for name in _SHOWN]
        for name in _SHOWN:
            setattr(modifier, name, False)
    if found:
        obj[_OFF] = off
    return [modifier.name for modifier in found]


def bring_back(obj: Any) -> list[str]:
    """Show again what ``prepare`` turned off and the artist has not shown since; returns the names."""
    found = _turned_off(obj)
    for modifier, shown in found:
        for name, value in zip(_SHOWN, shown, strict=True):
            setattr(modifier, name, value)
    custom.restore(obj, _OFF, None)
    return [modifier.name for modifier, _ in found]


def _turned_off(obj: Any) -> list[tuple[Any, tuple[bool, ...]]]:
    """Modifiers that are off since ``prepare``, and whether viewport and renders showed them before."""
    if obj.type != "MESH":
        return []
    off = custom.plain(obj, _OFF)
    found = []
    for modifier in obj.modifiers if isinstance(off, dict) else ():
        shown = off.get(str(modifier.persistent_uid))
        if isinstance(shown, list) and len(shown) == len(_SHOWN) and not _is_shown(modifier):
            found.append((modifier, tuple(bool(value) for value in shown)))
    return found


def _is_shown(modifier: Any) -> bool:
    return modifier.show_viewport or modifier.show_render
