"""The Action that holds the speech: how it is made, how an older take gives way, what of the artist's stays.

One Action carries a KEY slot for the head and for each part, which drives the shape keys that the object has.
They are several, since Blender turns a curve off once it draws it for an object without that key.
One OBJECT slot sits on all of them with two constant keys at the clip's ends, because Blender's FBX exporter
takes its list of takes from objects alone and would otherwise leave the speech out. What it animates is a
custom property of our own, so nothing that an artist moves is locked. The exporter gives an object every
Action whose paths it can follow: the property has another number for each take, so that no head is given the
speech of another, nor an older one of its own.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.curves import pack_keys
from ..core.record import ACTION_TAG
from .keys import value_path

_TAKE_PREFIX = "mmtalker_take_"
_FINGERPRINT = "mmtalker_fingerprint"
_FIRST_NAME = "mmtalker_first_name"
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
) -> Take:
    """Make the Action; nothing of the artist's is touched yet.

    Args:
        objects: the head, then its parts.
        name: name of the Action.
        first_frame: scene frame of the first key.
        curves: for each object, shape-key name to its (frames,) values, one a frame.
        record: text to keep on the Action, from which later sliders work.
    """
    action = bpy.data.actions.new(name)
    strip = action.layers.new("Speech").strips.new(type="KEYFRAME")
    key_slots = []
    for obj, own in zip(objects, curves, strict=True):
        key_slots.append(action.slots.new(id_type="KEY", name=obj.name))
        bag = strip.channelbag(key_slots[-1], ensure=True)
        for key_name, values in own.items():
            _write_curve(bag, value_path(key_name), pack_keys(values, first_frame))
    object_slot = action.slots.new(id_type="OBJECT", name=objects[0].name)
    last_frame = first_frame + len(next(iter(curves[0].values()))) - 1
    ends = np.array([first_frame, 1.0, last_frame, 1.0], dtype=np.float32)
    object_property = _new_property()
    _write_curve(strip.channelbag(object_slot, ensure=True), f'["{object_property}"]', ends)
    action[ACTION_TAG] = record
    action[_FINGERPRINT] = _fingerprint(action)
    return Take(action, tuple(key_slots), object_slot, object_property)


def play_take(objects: Sequence[Any], take: Take, name: str) -> list[str]:
    """Give the Action to the head, its parts and their shape keys; returns warnings.

    An artist's Action on the shape keys moves to an NLA track below and goes on playing there. An older
    speech gives way: it is deleted, or kept with a fake user where the artist renamed, edited or reuses it.
    """
    older: list[Any] = []
    for obj, slot in zip(objects, take.key_slots, strict=True):
        old = _play_on_keys(obj.data.shape_keys, take.action, slot)
        older += [] if old is None or old in older else [old]
    warnings = [warning for old in older for warning in _retire(old, objects)]
    warnings += _play_on_objects(objects, take)
    take.action.name = name  # only now: an older take may have had the name
    take.action[_FIRST_NAME] = take.action.name
    return warnings


def _play_on_keys(keys: Any, action: Any, slot: Any) -> Any:
    """Let shape keys play a slot; returns the speech that they played before, None where it was none."""
    data = keys.animation_data or keys.animation_data_create()
    old = data.action
    if old is not None and not is_ours(old):
        _push_down(data)
    data.action = action
    data.action_slot = slot
    if data.nla_tracks:
        data.action_extrapolation = "NOTHING"  # the artist's tracks play before and after the clip
    return old if is_ours(old) else None


def _write_curve(bag: Any, path: str, packed: NDArray[np.float32]) -> None:
    """Write (2 * frames,) frame, value, frame, value as one curve."""
    curve = bag.fcurves.new(path)
    points = curve.keyframe_points
    count = len(packed) // 2
    points.add(count)
    points.foreach_set("co", packed)
    # One key a frame: between two keys a straight line is what the frames show.
    points.foreach_set("interpolation", np.full(count, _LINEAR, dtype=np.int32))
    curve.update()


def _play_on_objects(objects: Sequence[Any], take: Take) -> list[str]:
    """Let every object that has no Action of the artist's play the OBJECT slot; returns warnings."""
    free = [obj for obj in objects if not _is_busy(obj)]
    if not free:
        take.action.slots.remove(take.object_slot)
    for obj in free:
        for name in _take_properties(obj):
            del obj[name]
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
    """A name that no object has, nor has had while it talked."""
    names = [name for obj in bpy.data.objects for name in _take_properties(obj)]
    numbers = [int(name.removeprefix(_TAKE_PREFIX)) for name in names]
    return f"{_TAKE_PREFIX}{max(numbers, default=0) + 1}"


def _take_properties(obj: Any) -> list[str]:
    names = [name for name in obj.keys() if name.startswith(_TAKE_PREFIX)]  # noqa: SIM118 (not a dict)
    return [name for name in names if name.removeprefix(_TAKE_PREFIX).isdecimal()]


def _push_down(data: Any) -> None:
    """Move the artist's Action to an NLA track, where it goes on playing under the speech."""
    action, slot = data.action, data.action_slot
    extrapolation, blend = data.action_extrapolation, data.action_blend_type
    influence = data.action_influence
    data.action = None
    track = data.nla_tracks.new()
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
    action.use_fake_user = True  # kept even if the track is deleted


def _retire(old: Any, objects: Sequence[Any]) -> list[str]:
    """Take an older speech off the objects; delete it unless the artist renamed, edited or reuses it."""
    meshes = [obj.data for obj in objects]
    for other in bpy.data.objects:
        if other.data in meshes and other.animation_data and other.animation_data.action == old:
            other.animation_data.action = None
    renamed = _without_number(old.name) != _without_number(str(old.get(_FIRST_NAME, "")))
    if renamed or _fingerprint(old) != old.get(_FINGERPRINT):
        old.use_fake_user = True
        return [f"The earlier speech had been edited, so it was kept as the Action {old.name}."]
    if old.users == 0:
        bpy.data.actions.remove(old)
    return []


def _without_number(name: str) -> str:
    """A name without the ``.001`` that Blender itself adds, to a duplicate for one."""
    return re.sub(r"\.\d{3,}$", "", name)


def _fingerprint(action: Any) -> str:
    """A short text that changes with any key of the shape keys."""
    total = 0
    for curve in _key_curves(action):
        pairs = np.empty(len(curve.keyframe_points) * 2, dtype=np.float32)
        curve.keyframe_points.foreach_get("co", pairs)
        total = zlib.crc32(pairs.tobytes(), zlib.crc32(curve.data_path.encode(), total))
    return f"{total:08x}"


def _key_curves(action: Any) -> Iterator[Any]:
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                if bag.slot.target_id_type == "KEY":
                    yield from bag.fcurves
