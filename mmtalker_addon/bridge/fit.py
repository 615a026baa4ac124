"""Whether a head's speech still fits: its strip, the frame rate, the mesh."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ..core.fit import FIT_TAG, Fit, StripPlace, decode_fit, encode_fit, is_same_strip, strip_changes
from ..core.timing import frame_rate
from . import action, head_store, sound


def place(scene: Any, strip: Any) -> StripPlace:
    """Where a sound strip of a scene's sequencer lies; quick, nothing is read from the disk."""
    times = sound.heard_times(strip)
    return StripPlace(
        scene=scene.name,
        name=strip.name,
        file=PurePath(strip.sound.filepath).name if strip.sound is not None else "",
        content_start=times.content_start,
        left=times.left,
        right=times.right,
        trimmed_start=times.trimmed_start,
        sound_offset=strip.sound_offset,
        retiming_keys=len(strip.retiming_keys),
    )


def remember(take: Any, fit: Fit) -> None:
    """Keep with an Action what it was made for."""
    take[FIT_TAG] = encode_fit(fit)


def find_misfits(context: Any, obj: Any, *, at_once: bool = False) -> list[str]:
    """A sentence for each reason why the speech that a head plays no longer fits; empty where it fits.

    Args:
        context: Blender's.
        obj: the head.
        at_once: look at the mesh now, however lately it was looked at.
    """
    take = action.current_take(obj)
    was = None if take is None else decode_fit(take.get(FIT_TAG))
    if was is None:
        return []
    found = []
    rate = frame_rate(context.scene.render.fps, context.scene.render.fps_base)
    if abs(rate - was.fps) > 1e-6:
        found.append(f"The frame rate is {rate:.6g}, and the speech was made for {was.fps:.6g}.")
    elif was.strip is not None:
        problem = find_strip_change(context.scene, was.strip)
        found += [problem] if problem else []
    if head_store.seen_geometry(obj, at_once=at_once) != was.geometry:
        found.append(f"The mesh of {obj.name}, or of one of its parts, has changed since.")
    return found


def find_strip_change(scene: Any, was: StripPlace) -> str:
    """What has become of a strip since; empty where it plays the same at the same time.

    Args:
        scene: where it is looked for if its own scene is gone.
        was: as it lay.
    """
    home = bpy.data.scenes.get(was.scene) or scene
    strips = {strip.name: strip for strip in sound.sound_strips(home)}
    named = strips.get(was.name)
    if named is not None:
        changes = strip_changes(was, place(home, named))
        return f"The strip {was.name} was {' and '.join(changes)} since." if changes else ""
    if any(is_same_strip(was, place(home, strip)) for strip in strips.values()):
        return ""
    return f"The strip {was.name} is not in the sequencer of {home.name} any more."
