"""Every place where Blender 4.5 and 5.x differ for us, so that no other module asks for the version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

_HAS_NEW_STRIP_TIMES = "left_handle" in bpy.types.SoundStrip.bl_rna.properties
_HAS_SEQUENCER_SCENE = "sequencer_scene" in bpy.types.WorkSpace.bl_rna.properties


@dataclass(frozen=True)
class StripTimes:
    """Where a strip lies, in frames of its scene.

    Attributes:
        content_start: frame at which the media begins, seen or not; may have a fraction.
        left: first frame that the strip plays.
        right: first frame after the strip.
        content_frames: length of the media.
        trimmed_start: frames of the source cut away before ``content_start``.
    """

    content_start: float
    left: int
    right: int
    content_frames: float
    trimmed_start: float


def strip_span(strip: Any) -> tuple[int, int]:
    """First frame that a strip of any kind plays, and the first after it, by this Blender's names."""
    if _HAS_NEW_STRIP_TIMES:
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def strip_times(strip: Any) -> StripTimes:
    """Read the place of a sound or a meta strip by the names that this Blender does not warn about."""
    left, right = strip_span(strip)
    if _HAS_NEW_STRIP_TIMES:
        return StripTimes(
            content_start=strip.content_start,
            left=left,
            right=right,
            content_frames=strip.content_duration,
            trimmed_start=strip.content_trim_start,
        )
    return StripTimes(
        content_start=strip.frame_start,
        left=left,
        right=right,
        content_frames=strip.frame_duration,
        trimmed_start=strip.animation_offset_start,
    )


def sequencer_scene(context: Any) -> Any:
    """The scene whose sequencer plays: the workspace's own since 5.0, else the window's."""
    if _HAS_SEQUENCER_SCENE and context.workspace is not None:
        return context.workspace.sequencer_scene or context.scene
    return context.scene


def use_nodes(material: Any) -> None:
    """Give a material its node tree; since 5.0 it has one from the beginning."""
    if material.node_tree is None:
        material.use_nodes = True


def user_folder() -> Path:
    """The folder for MMTalker's files: the extension's own, or Blender's data folder for a checkout."""
    root = __package__ or ""
    if root.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(root, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="mmtalker", create=True))
