"""The parts of a head that are objects of their own: which are listed, and which of them can be used."""

from __future__ import annotations

from typing import Any

from . import head


def find_parts(context: Any, obj: Any) -> list[Any]:
    """The objects that belong to a head and can be used, in the list's order."""
    return [entry.object for number, entry in enumerate(_entries(obj)) if not _problem(context, obj, number)]


def part_problems(context: Any, obj: Any) -> list[str]:
    """A sentence for every line of the list that is left out, and what to do."""
    found = (_problem(context, obj, number) for number in range(len(_entries(obj))))
    return list(dict.fromkeys(problem for problem in found if problem))


def add_parts(obj: Any, others: list[Any]) -> None:
    """List other meshes as parts of a head; the last one is active."""
    for other in others:
        _entries(obj).add().object = other
    obj.mmtalker_active_part = len(_entries(obj)) - 1


def remove_active(obj: Any) -> Any:
    """Take the active line off the list; returns its object, None where that is gone."""
    number = obj.mmtalker_active_part
    removed = _entries(obj)[number].object
    _entries(obj).remove(number)
    obj.mmtalker_active_part = max(min(number, len(_entries(obj)) - 1), 0)
    return removed


def has_lines(obj: Any) -> bool:
    """True where anything is listed, usable or not."""
    return bool(_entries(obj))


def has_active(obj: Any) -> bool:
    """True where a line of the list is active."""
    return 0 <= obj.mmtalker_active_part < len(_entries(obj))


def listed(obj: Any) -> list[Any]:
    """All objects that are listed and still there, usable or not."""
    return [entry.object for entry in _entries(obj) if entry.object is not None]


def part_problem(part: Any) -> str:
    """Why this object can be no part of a head as it is; empty where nothing is wrong."""
    if part.type != "MESH":
        return f"{part.name} is not a mesh: remove it from the parts."
    return head.mesh_problem(part)


def _problem(context: Any, obj: Any, number: int) -> str:
    part = _entries(obj)[number].object
    if part is None:
        return f"A part of {obj.name} was deleted: remove its line from the parts."
    if part == obj:
        return f"{obj.name} is the head itself: remove it from the parts."
    earlier = [_entries(obj)[before].object for before in range(number)]
    if part in earlier:
        return f"{part.name} is listed twice: remove one of its lines."
    twin = next((other for other in (obj, *earlier) if other is not None and other.data == part.data), None)
    if twin is not None and part.type == "MESH":
        return (
            f"{part.name} shares its mesh with {twin.name}, so both can only move alike: make it single-user "
            "(Object > Relations > Make Single User), then look again."
        )
    if part.name not in context.view_layer.objects:
        return f"{part.name} is not in this scene, or its collection is turned off: remove it from the parts."
    if part.hide_viewport or not part.visible_get(view_layer=context.view_layer):
        return f"{part.name} is hidden, so it was left out: show it, or remove it from the parts."
    return part_problem(part)


def _entries(obj: Any) -> Any:
    return obj.mmtalker_parts
