"""The Action that holds the speech: how it is made, how an older one gives way, what of the artist's stays.

One Action carries a KEY slot for the head and for each part, which drives the shape keys that the object has.
They are several, since Blender turns a curve off once it draws it for an object without that key.
One OBJECT slot sits on all of them with two constant keys at the clip's ends, because Blender's FBX exporter
takes its list of takes from objects alone and would otherwise leave the speech out. What it animates is a
custom property of our own, so nothing that an artist moves is locked. The exporter gives an object every
Action whose paths it can follow: the property has another number for each take, so that no head is given the
speech of another, nor an older one of its own.

An Action that was made is never removed: an older speech stays in the file with a fake user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.curves import pack_keys
from ..core.record import ACTION_TAG
from ..core.slices import Slices
from .custom import plain, restore
from .keys import value_path
from .rollback import Rollback

_TAKE_PREFIX = "mmtalker_take_"
_TAKE_NUMBER = re.compile(_TAKE_PREFIX + "([0-9]{1,9})", re.ASCII)
"""The name of our property; a longer number is not ours, and its successor might not fit into a name."""

_LINEAR = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value


@dataclass(frozen=True)
class Take:
    """A new Action with its slots, not yet played by anything.

    Attributes:
        action: the Action.
        key_slots: one for each object, the head first.
        object_slot: what sits on the objects themselves.
        object_property: what that one animates.
    """

    action: Any
    key_slots: tuple[Any, ...]
    object_slot: Any
    object_property: str


def is_ours(action: Any) -> bool:
    """True for an Action that MMTalker made."""
    return action is not None and ACTION_TAG in action


def current_take(obj: Any) -> Any:
    """The speech Action that the head plays now, or None."""
    keys = obj.data.shape_keys if obj is not None and obj.type == "MESH" else None
    data = keys.animation_data if keys is not None else None
    return data.action if data is not None and is_ours(data.action) else None


def make_take(
    objects: Sequence[Any],
    name: str,
    first_frame: int,
    curves: Sequence[Mapping[str, NDArray[np.float32]]],
    record: str,
    rollback: Rollback,
) -> Slices[Take]:
    """Make the Action; nothing of the artist's is touched yet.

    Args:
        objects: the head, then its parts.
        name: name of the Action; Blender adds a number where another has it.
        first_frame: scene frame of the first key.
        curves: for each object, shape-key name to its (frames,) values, one a frame.
        record: text to keep on the Action, from which later sliders work.
        rollback: learns how to take it back.
    """
    action = bpy.data.actions.new(name)
    rollback.add(_remove_action, action)
    action[ACTION_TAG] = record
    action.layers.new("Speech").strips.new(type="KEYFRAME")
    key_slots = []
    for obj, own in zip(objects, curves, strict=True):
        key_slots.append(action.slots.new(id_type="KEY", name=obj.name))
        for key_name, values in own.items():
            yield
            _write_curve(action, key_slots[-1], value_path(key_name), pack_keys(values, first_frame))
    object_slot = action.slots.new(id_type="OBJECT", name=objects[0].name)
    last_frame = first_frame + len(next(iter(curves[0].values()))) - 1
    ends = np.array([first_frame, 1.0, last_frame, 1.0], dtype=np.float32)
    object_property = _new_property()
    _write_curve(action, object_slot, f'["{object_property}"]', ends)
    return Take(action, tuple(key_slots), object_slot, object_property)


def play_take(objects: Sequence[Any], take: Take, rollback: Rollback) -> tuple[list[Any], list[str]]:
    """Give the Action to the head, its parts and their shape keys; returns the older speech and warnings.

    An artist's Action on the shape keys moves to an NLA track below and goes on playing there. An older
    speech gives way, and stays in the file.
    """
    older: list[Any] = []
    for obj, slot in zip(objects, take.key_slots, strict=True):
        old = _play_on_keys(obj.data.shape_keys, take.action, slot, rollback)
        older += [] if old is None or old in older else [old]
    for old in older:
        _retire(old, objects, rollback)
    return older, _play_on_objects(objects, take, rollback)


def _remove_action(action: Any) -> None:
    bpy.data.actions.remove(action)


def _play_on_keys(keys: Any, action: Any, slot: Any, rollback: Rollback) -> Any:
    """Let shape keys play a slot; returns the speech that they played before, None where it was none."""
    _remember_played(keys, rollback)
    data = keys.animation_data or keys.animation_data_create()
    old = data.action
    if old is not None and not is_ours(old):
        _push_down(data, rollback)
    data.action = action
    data.action_slot = slot
    if data.nla_tracks:
        data.action_extrapolation = "NOTHING"  # the artist's tracks play before and after the clip
    return old if is_ours(old) else None


_PLAYED = ("action_extrapolation", "action_blend_type", "action_influence")
"""What says how a data-block plays its Action, beside the Action and its slot."""


def _remember_played(block: Any, rollback: Rollback) -> None:
    """Let the rollback give a data-block the Action back that it plays now."""
    data = block.animation_data
    if data is None:
        rollback.add(block.animation_data_clear)
        return
    slot = None if data.action_slot is None else data.action_slot.identifier
    rollback.add(_play_again, block, data.action, slot, {name: getattr(data, name) for name in _PLAYED})


def _play_again(block: Any, action: Any, slot: str | None, how: Mapping[str, Any]) -> None:
    data = block.animation_data
    data.action = action
    if action is not None and slot is not None:
        data.action_slot = action.slots[slot]
    for name, value in how.items():
        setattr(data, name, value)


def _write_curve(action: Any, slot: Any, path: str, packed: NDArray[np.float32]) -> None:
    """Write (2 * frames,) frame, value, frame, value as one curve."""
    curve = action.layers[0].strips[0].channelbag(slot, ensure=True).fcurves.new(path)
    points = curve.keyframe_points
    count = len(packed) // 2
    points.add(count)
    points.foreach_set("co", packed)
    # One key a frame: between two keys a straight line is what the frames show.
    points.foreach_set("interpolation", np.full(count, _LINEAR, dtype=np.int32))
    curve.update()


def _play_on_objects(objects: Sequence[Any], take: Take, rollback: Rollback) -> list[str]:
    """Let every object that has no Action of the artist's play the OBJECT slot; returns warnings."""
    free = [obj for obj in objects if not _is_busy(obj)]
    if not free:
        take.action.slots.remove(take.object_slot)
    for obj in free:
        _remember_played(obj, rollback)
        for name in _take_properties(obj):
            rollback.add(obj.__setitem__, name, plain(obj, name))
            del obj[name]
        rollback.add(restore, obj, take.object_property, None)
        obj[take.object_property] = 1.0
        data = obj.animation_data or obj.animation_data_create()
        data.action = take.action
        data.action_slot = take.object_slot
    return [
        f"{obj.name} has an Action of its own, which was left alone, so a default FBX export leaves the "
        "speech out: turn off NLA Strips and All Actions in the exporter."
        for obj in objects
        if obj not in free
    ]


def _is_busy(obj: Any) -> bool:
    data = obj.animation_data
    return data is not None and (
        data.use_tweak_mode or (data.action is not None and not is_ours(data.action))
    )


def _new_property() -> str:
    """A name that no object has, and that no Action of ours animates."""
    paths = (curve.data_path for action in bpy.data.actions if is_ours(action) for curve in _curves(action))
    names = (name for obj in bpy.data.objects for name in obj.keys())  # noqa: SIM118 (not a dict)
    found = [_TAKE_NUMBER.search(text) for text in (*paths, *names)]
    return f"{_TAKE_PREFIX}{max((int(match[1]) for match in found if match), default=0) + 1}"


def _take_properties(obj: Any) -> list[str]:
    return [name for name in obj.keys() if _TAKE_NUMBER.fullmatch(name)]  # noqa: SIM118 (not a dict)


def _push_down(data: Any, rollback: Rollback) -> None:
    """Move the artist's Action to an NLA track, where it goes on playing under the speech."""
    action, slot = data.action, data.action_slot
    extrapolation, blend = data.action_extrapolation, data.action_blend_type
    influence = data.action_influence
    data.action = None
    track = data.nla_tracks.new()
    rollback.add(_remove_track, data.id_data, len(data.nla_tracks) - 1)
    track.name = action.name
    strip = track.strips.new(action.name, int(action.frame_range[0]), action)
    strip.action_slot = slot
    length = strip.frame_end - strip.frame_start
    strip.frame_start = strip.action_frame_start  # `new` takes whole frames alone
    strip.frame_end = strip.action_frame_start + length
    strip.extrapolation, strip.blend_type = extrapolation, blend
    if influence < 1.0:
        strip.use_animated_influence = True
        strip.influence = influence
    data.action_blend_type, data.action_influence = "REPLACE", 1.0
    _keep(action, rollback)  # even if the track is deleted


def _remove_track(block: Any, number: int) -> None:
    tracks = block.animation_data.nla_tracks
    tracks.remove(tracks[number])


def _retire(old: Any, objects: Sequence[Any], rollback: Rollback) -> None:
    """Take an older speech off the objects; it stays in the file."""
    meshes = [obj.data for obj in objects]
    for other in bpy.data.objects:
        if other.data in meshes and other.animation_data and other.animation_data.action == old:
            _remember_played(other, rollback)
            other.animation_data.action = None
    _keep(old, rollback)


def _keep(action: Any, rollback: Rollback) -> None:
    """Let an Action stay in the file although nothing plays it."""
    rollback.add(setattr, action, "use_fake_user", action.use_fake_user)
    action.use_fake_user = True


def _curves(action: Any) -> Iterator[Any]:
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves
