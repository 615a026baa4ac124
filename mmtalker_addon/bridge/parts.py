"""The parts of a head that are objects of their own: which are listed, and which of them can be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.limits import MOST_PARTS
from . import head


def find_parts(context: Any, obj: Any) -> list[Any]:
    """The objects that belong to a head and can be used, in the list's order."""
    return [part for part, problem in _look(context, obj) if not problem]


def part_problems(context: Any, obj: Any) -> list[str]:
    """A sentence for every line of the list that is left out, and what to do."""
    return list(dict.fromkeys(problem for _, problem in _look(context, obj) if problem))


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


def _look(context: Any, obj: Any) -> Iterator[tuple[Any, str]]:
    """Each line's object, and why it is left out; empty where it is not."""
    listed_before: set[int] = set()
    owners = {obj.data.session_uid: obj.name} if obj.data is not None else {}
    for entry in _entries(obj):
        part = entry.object
        if part is None:
            yield None, f"A part of {obj.name} was deleted: remove its line from the parts."
        elif part == obj:
            yield part, f"{obj.name} is the head itself: remove it from the parts."
        elif part.session_uid in listed_before:
            yield part, f"{part.name} is listed twice: remove one of its lines."
        else:
            listed_before.add(part.session_uid)
            twin = ""
            if part.type == "MESH":
                twin = owners.get(part.data.session_uid, "")
                owners.setdefault(part.data.session_uid, part.name)
            if len(listed_before) > MOST_PARTS:
                yield part, f"{obj.name} has more than {MOST_PARTS} parts: join some of them (Object > Join)."
            else:
                yield part, _problem(context, part, twin)


def _problem(context: Any, part: Any, twin: str) -> str:
    """Why a part is left out; ``twin`` is the name of what shares its mesh, if anything does."""
    if twin:
        return (
            f"{part.name} shares its mesh with {twin}, so both can only move alike: make it single-user "
            "(Object > Relations > Make Single User), then look again."
        )
    if part.name not in context.view_layer.objects:
        return f"{part.name} is not in this scene, or its collection is turned off: remove it from the parts."
    if part.hide_viewport or not part.visible_get(view_layer=context.view_layer):
        return f"{part.name} is hidden, so it was left out: show it, or remove it from the parts."
    return part_problem(part)


def _entries(obj: Any) -> Any:
    return obj.mmtalker_parts
