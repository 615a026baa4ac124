"""The strip by which a sound file is heard while the artist plays and scrubs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from .rollback import Rollback
from .sound import Sound, sound_strips

_CHANNELS = 128
"""As many as a sequencer has."""


def add_strip(scene: Any, sound: Sound, frame: int, rollback: Rollback) -> tuple[Any, list[str]]:
    """Put a sound file into the first free channel, unless a strip of it begins there.

    The scene is the head's own: its sequencer is what is heard when playback starts in the 3D viewport, also
    since Blender 5.0, where a workspace's sequencer can show another scene.

    Args:
        scene: the head's scene.
        sound: a recording in a file.
        frame: scene frame of its first sample.
        rollback: learns how to take it back.

    Returns:
        The strip, new or not, None where there can be none; and warnings.
    """
    assert sound.path is not None, "only a file is put into the sequencer"
    there = next((strip for strip in sound_strips(scene) if _is_there(strip, sound.path, frame)), None)
    if there is not None:
        return there, []
    if scene.sequence_editor is None:
        rollback.add(scene.sequence_editor_clear)
    editor = scene.sequence_editor or scene.sequence_editor_create()
    above = max((strip.channel for strip in editor.strips), default=0) + 1
    before = {block.session_uid for block in bpy.data.sounds}
    try:
        # Where nothing lies yet: its length is known only once it is there.
        strip = editor.strips.new_sound(sound.name, _stored_path(sound.path), min(above, _CHANNELS), frame)
    except RuntimeError as error:
        return None, [
            f"{sound.name} could not be put into the sequencer, so it is not heard: {str(error).strip()}"
        ]
    rollback.add(_remove_strip, scene, strip.name, before)
    strip.channel = _free_channel(editor, strip)
    return strip, []


def _remove_strip(scene: Any, name: str, sounds: Collection[int]) -> None:
    """Remove a strip, and its sound if that is none of those that were there before."""
    strip = scene.sequence_editor.strips[name]
    block = strip.sound
    scene.sequence_editor.strips.remove(strip)
    if block is not None and block.session_uid not in sounds and block.users == 0:
        bpy.data.sounds.remove(block)


def _is_there(strip: Any, path: Path, frame: int) -> bool:
    """True where the strip plays this file from this frame on."""
    if strip.sound is None or Path(bpy.path.abspath(strip.sound.filepath)).absolute() != path:
        return False
    times = compat.strip_times(strip)
    return bool(abs(times.content_start - times.trimmed_start - frame) < 0.5)


def _free_channel(editor: Any, strip: Any) -> int:
    """The lowest channel that is heard, may be changed and is empty for as long as the strip lasts."""
    left, right = compat.strip_span(strip)
    taken = set()
    for other in editor.strips:
        other_left, other_right = compat.strip_span(other)
        if other != strip and other_left < right and other_right > left:
            taken.add(other.channel)
    free = (
        number
        for number in range(1, _CHANNELS + 1)
        if number not in taken and not editor.channels[number].mute and not editor.channels[number].lock
    )
    return next(free, strip.channel)


def _stored_path(path: Path) -> str:
    """The path as Blender keeps new ones: from the .blend's folder where the preferences want that."""
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        try:
            return str(bpy.path.relpath(str(path)))
        except ValueError:  # another drive of Windows
            pass
    return str(path)
