"""Landmarks as Empties on the head, to be looked at and dragged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np

from ..core.head_record import Point
from .custom import numbers, text

COLLECTION = "MMTalker Landmarks"
_TAG = "mmtalker_landmark"
"""Custom property of an Empty: the landmark's name, since Blender numbers the names of objects."""

_PLACED = "mmtalker_placed"
"""Custom property of an Empty: where it was put; anywhere else, it was dragged."""

_SIZE = 0.012
"""Radius of a sphere, in lengths of the box around all landmarks."""


def owner(obj: Any) -> Any:
    """The head that this object is a landmark of, or None."""
    if obj is None or not text(obj, _TAG) or obj.parent is None or obj.parent.type != "MESH":
        return None
    return obj.parent


def find(head: Any) -> dict[str, Any]:
    """The head's landmarks by name."""
    return {text(child, _TAG): child for child in head.children if text(child, _TAG)}


def places(head: Any) -> dict[str, Point]:
    """Where the head's landmarks are now, in its own space."""
    return {name: _place(empty) for name, empty in find(head).items()}


def moved(head: Any) -> dict[str, Point]:
    """Where the landmarks are that were dragged since they were put in their places."""
    return {
        name: _place(empty)
        for name, empty in find(head).items()
        if _place(empty) != numbers(empty, _PLACED, 3)  # what is damaged counts as dragged: it is where it is
    }


def selected(head: Any, chosen: Iterable[Any]) -> set[str]:
    """Names of the head's landmarks among some objects."""
    return {text(obj, _TAG) for obj in chosen if owner(obj) == head}


def show(scene: Any, head: Any, points: Mapping[str, Point], seen: Mapping[str, Point]) -> None:
    """Put the landmarks in their places, making those that are missing and removing those that are none.

    Args:
        scene: the head's scene.
        head: the mesh object.
        points: places in the head's own space.
        seen: where each was when the places were asked for: one that was dragged since stays.
    """
    there = find(head)
    for name in there.keys() - points.keys():
        bpy.data.objects.remove(there.pop(name))
    box = np.ptp(np.array(list(points.values())), axis=0).max() if points else 0.0
    for name, point in points.items():
        empty = there.get(name)
        if empty is None:
            empty = _make(scene, head, name)
        elif name in seen and _place(empty) != seen[name]:
            empty[_PLACED] = point
            continue
        empty.empty_display_size = _SIZE * (float(box) or 1.0)
        empty.matrix_parent_inverse.identity()
        empty.location = point
        empty[_PLACED] = list(empty.location)  # as Blender rounds it


def remove(head: Any) -> None:
    """Remove the head's landmarks, and the collection once it is empty."""
    for empty in find(head).values():
        bpy.data.objects.remove(empty)
    for collection in [each for each in bpy.data.collections if _TAG in each]:
        if not collection.all_objects and not collection.children and collection.library is None:
            bpy.data.collections.remove(collection)


def _make(scene: Any, head: Any, name: str) -> Any:
    empty = bpy.data.objects.new(name, None)
    empty[_TAG] = name
    empty.empty_display_type = "SPHERE"
    empty.show_in_front = True
    empty.hide_render = True
    empty.lock_rotation = empty.lock_scale = (True, True, True)
    empty.parent = head
    _collection(scene).objects.link(empty)
    return empty


def _collection(scene: Any) -> Any:
    """The scene's own collection for landmarks."""
    for collection in scene.collection.children_recursive:
        if _TAG in collection and collection.library is None:
            return collection
    collection = bpy.data.collections.new(COLLECTION)
    collection[_TAG] = True
    collection.hide_render = True
    scene.collection.children.link(collection)
    return collection


def _place(empty: Any) -> Point:
    x, y, z = empty.matrix_parent_inverse @ empty.location
    return x, y, z
