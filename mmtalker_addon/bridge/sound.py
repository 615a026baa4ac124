"""The voice: which strip or file is meant, whether it can be used, and where it lies in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from .. import compat


@dataclass(frozen=True)
class Sound:
    """A recording that the backend can read: a file, or the bytes that were packed into the .blend.

    Attributes:
        name: what the artist calls it: the strip's name, or the file's.
        path: the file, or None where ``data`` is given.
        data: the packed file, or None where ``path`` is given.
        file_name: name of the file, for its ending and for messages.
        strip: name of the strip, or None for a bare file.
    """

    name: str
    path: Path | None
    data: bytes | None
    file_name: str
    strip: str | None


def sound_strips(scene: Any) -> list[Any]:
    """Sound strips of the scene's sequencer, those inside meta strips included."""
    editor = scene.sequence_editor if scene is not None else None
    return [strip for strip in editor.strips_all if strip.type == "SOUND"] if editor is not None else []


def find_strip(context: Any) -> tuple[Any, str]:
    """The strip that is meant, or None and the sentence that says why there is none.

    The panel's own choice comes first; left empty, the active strip is meant, or the only one.
    """
    scene = compat.sequencer_scene(context)
    strips = sound_strips(scene)
    chosen = context.scene.mmtalker.strip
    if chosen:
        found = next((strip for strip in strips if strip.name == chosen), None)
        return found, "" if found else f"There is no sound strip named {chosen}: pick another."
    if not strips:
        return None, f"The sequencer of {scene.name} has no sound strip: add one, or choose File above."
    active = scene.sequence_editor.active_strip
    if active is not None and active.type == "SOUND":
        return active, ""
    if len(strips) == 1:
        return strips[0], ""
    return None, f"There are {len(strips)} sound strips: pick one."


def strip_problem(scene: Any, strip: Any) -> str:
    """Why this strip cannot be spoken as it is, by a quick look; empty where nothing is wrong."""
    if _is_muted(scene.sequence_editor, strip):
        return (
            f"The strip {strip.name} is muted: unmute it, its channel and the meta strip that it is in, "
            "or pick another."
        )
    times = heard_times(strip)
    if times.right <= times.left:
        return f"The strip {strip.name} has no length: drag one of its ends."
    if len(strip.retiming_keys):
        return (
            f"The strip {strip.name} is retimed, so its speed is not the recording's: "
            "reset its retiming, or render it to a new sound file."
        )
    if strip.sound is None:
        return f"The strip {strip.name} has no sound: pick another."
    return "" if strip.sound.packed_file is not None else path_problem(strip.sound.filepath)


def heard_times(strip: Any) -> compat.StripTimes:
    """Where the strip lies, less what the meta strips around it cut off."""
    times = compat.strip_times(strip)
    for meta in _metas_around(strip):
        around = compat.strip_times(meta)
        times = replace(times, left=max(times.left, around.left), right=min(times.right, around.right))
    return times


def path_problem(path: str) -> str:
    """Why this path cannot be a sound file's, by its words alone; empty where nothing is wrong.

    A panel asks it at every redraw, and a stranger's .blend may name any place of the network.

    Args:
        path: as Blender keeps it; ``//`` stands for the folder of the .blend.
    """
    if not path:
        return "There is no sound file: pick one."
    if path.startswith("//") and not bpy.data.filepath:
        return f"{path} is relative to a .blend that was never saved: save it, or pick the file anew."
    return ""


def file_problem(path: str, library: Any = None) -> str:
    """Why this path is not a sound file that could be read; empty where nothing is wrong.

    Args:
        path: as Blender keeps it; ``//`` stands for the folder of the .blend.
        library: the linked .blend that the path comes from, if it comes from one.
    """
    problem = path_problem(path)
    if problem:
        return problem
    try:
        file = Path(bpy.path.abspath(path, library=library))
        if file.is_dir():
            return f"{path} is a folder: pick a sound file."
        if not file.is_file():
            return f"The sound file {path} does not exist: pick it anew."
        if file.stat().st_size == 0:
            return f"The sound file {path} is empty: pick another."
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"The sound file {path} cannot be read ({error.strerror}): check its permissions."


def strip_sound(strip: Any) -> Sound:
    """The recording behind a strip."""
    path = Path(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library)).absolute()
    packed = strip.sound.packed_file
    return Sound(
        name=strip.name,
        path=None if packed is not None else path,
        data=bytes(packed.data) if packed is not None else None,
        file_name=path.name or strip.sound.name,
        strip=strip.name,
    )


def file_sound(path: str) -> Sound:
    """The recording in a file; ``//`` stands for the .blend's folder."""
    file = Path(bpy.path.abspath(path)).absolute()
    return Sound(name=file.name, path=file, data=None, file_name=file.name, strip=None)


def _metas_around(strip: Any) -> Iterator[Any]:
    """The meta strips that hold this one, from the innermost outwards."""
    meta = strip.parent_meta()
    while meta is not None:
        yield meta
        meta = meta.parent_meta()


def _is_muted(editor: Any, strip: Any) -> bool:
    """True where the strip, its channel, or anything that holds it is muted."""
    holders = [*_metas_around(strip), editor]
    inside = [strip, *holders[:-1]]
    return any(
        item.mute or holder.channels[item.channel].mute for item, holder in zip(inside, holders, strict=True)
    )
