"""The Action that holds the speech: how it is made, how an older take gives way, what of the artist's stays.

One Action carries two slots. The KEY slot drives the shape keys. The OBJECT slot sits on the head with two
constant keys at the clip's ends, because Blender's FBX exporter takes its list of takes from objects alone
and would otherwise leave the speech out. What it animates is a custom property of our own, so nothing that an
artist moves is locked. The exporter gives an object every Action whose paths it can follow: the property has
another number for each take, so that no head is given another's speech, nor an older one of its own.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
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
    """A new Action with its two slots, not yet played by anything, and what its OBJECT slot animates."""

    action: Any
    key_slot: Any
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
    obj: Any, name: str, first_frame: int, curves: Mapping[str, NDArray[np.float32]], record: str
) -> Take:
    """Make the Action; nothing of the artist's is touched yet.

    Args:
        obj: the head.
        name: name of the Action.
        first_frame: scene frame of the first key.
        curves: shape-key name to its (frames,) values, one a frame.
        record: text to keep on the Action, from which later sliders work.
    """
    action = bpy.data.actions.new(name)
    strip = action.layers.new("Speech").strips.new(type="KEYFRAME")
    key_slot = action.slots.new(id_type="KEY", name=obj.name)
    object_slot = action.slots.new(id_type="OBJECT", name=obj.name)
    bag = strip.channelbag(key_slot, ensure=True)
    for key_name, values in curves.items():
        _write_curve(bag, value_path(key_name), pack_keys(values, first_frame))
    last_frame = first_frame + len(next(iter(curves.values()))) - 1
    ends = np.array([first_frame, 1.0, last_frame, 1.0], dtype=np.float32)
    object_property = _new_property()
    _write_curve(strip.channelbag(object_slot, ensure=True), f'["{object_property}"]', ends)
    action[ACTION_TAG] = record
    action[_FINGERPRINT] = _fingerprint(action)
    return Take(action, key_slot, object_slot, object_property)


def play_take(obj: Any, take: Take, name: str) -> list[str]:
    """Give the Action to the head and its shape keys; returns warnings.

    An artist's Action on the shape keys moves to an NLA track below and goes on playing there. An older
    speech gives way: it is deleted, or kept with a fake user where the artist renamed, edited or reuses it.
    """
    keys = obj.data.shape_keys
    data = keys.animation_data or keys.animation_data_create()
    old = data.action
    if old is not None and not is_ours(old):
        _push_down(data)
    data.action = take.action
    data.action_slot = take.key_slot
    if data.nla_tracks:
        data.action_extrapolation = "NOTHING"  # the artist's tracks play before and after the clip
    warnings = _retire(old, obj) if is_ours(old) else []
    warnings += _play_on_object(obj, take)
    take.action.name = name  # only now: an older take may have had the name
    take.action[_FIRST_NAME] = take.action.name
    return warnings


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


def _play_on_object(obj: Any, take: Take) -> list[str]:
    data = obj.animation_data or obj.animation_data_create()
    if data.use_tweak_mode or (data.action is not None and not is_ours(data.action)):
        take.action.slots.remove(take.object_slot)
        return [
            f"{obj.name} has an Action of its own, which was left alone, so a default FBX export leaves the "
            "speech out: turn off NLA Strips and All Actions in the exporter."
        ]
    for name in _take_properties(obj):
        del obj[name]
    obj[take.object_property] = 1.0
    data.action = take.action
    data.action_slot = take.object_slot
    return []


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


def _retire(old: Any, head: Any) -> list[str]:
    """Take an older speech off the head; delete it unless the artist renamed, edited or reuses it."""
    for other in bpy.data.objects:
        if other.data == head.data and other.animation_data and other.animation_data.action == old:
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
