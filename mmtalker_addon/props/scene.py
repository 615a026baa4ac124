"""The panel's choices, saved in the .blend with their scene."""

from __future__ import annotations

from typing import Any

import bpy

from .. import compat
from ..bridge.sound import sound_strips
from .parts import is_mesh


def _strip_names(_settings: Any, context: Any, text: str) -> list[str]:
    """Sound strips whose name holds what was typed."""
    names = [strip.name for strip in sound_strips(compat.sequencer_scene(context))]
    return [name for name in names if text.lower() in name.lower()]


class MMTALKER_PG_scene(bpy.types.PropertyGroup):
    """Which head says what."""

    head: bpy.props.PointerProperty(
        name="Head",
        description="Mesh that is to speak; left empty, the active object is meant",
        type=bpy.types.Object,
        poll=is_mesh,
    )
    source: bpy.props.EnumProperty(
        name="Voice",
        description="Where the recording comes from",
        items=(
            ("STRIP", "Strip", "A sound strip of the sequencer, heard where it lies"),
            ("FILE", "File", "A sound file, from the scene's first frame on"),
        ),
        default="STRIP",
    )
    strip: bpy.props.StringProperty(
        name="Strip",
        description="Sound strip to speak; left empty, the active strip is meant, or the only one",
        search=_strip_names,
        search_options=set(),
    )
    sound_file: bpy.props.StringProperty(
        name="Sound File",
        description="Recording to speak: wav, flac, ogg, mp3, m4a, wma, or a video with sound",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    add_strip: bpy.props.BoolProperty(
        name="Add to Sequencer",
        description="Put the sound file into this scene's sequencer as well, so that it is heard in playback",
        default=True,
    )
    seed: bpy.props.IntProperty(
        name="Seed",
        description="Another number gives other blinks and idle motion for the same speech",
        min=0,
        default=0,
    )
