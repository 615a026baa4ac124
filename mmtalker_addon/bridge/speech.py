"""One Generate as Blender sees it: what is asked of the backend, and where its answer will go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from .. import compat
from ..core.fit import Fit, StripPlace
from ..core.slices import Slices, in_one_go
from ..core.timing import ClipTiming, StripFacts, file_timing, frame_rate, strip_timing
from ..engine.errors import EngineCode, EngineError
from ..engine.job import JobRequest
from . import head, head_store, sound
from .blocks import OBJECT_MODE_FIRST, by_uid, is_object_mode
from .character import Character, read_in_slices
from .fit import place


@dataclass(frozen=True)
class Plan:
    """What a run has to remember until its result arrives; names and numbers, since pointers die with undo.

    Attributes:
        head_uid: session number of the head.
        head_name: its name, for messages.
        scene_uid: session number of the scene that the head is in.
        sequencer_uid: session number of the scene whose sequencer holds the strip.
        fit: frame rate, mesh and, unless a file is meant, the strip.
        add_strip: put the sound file into the scene's sequencer.
        sound: the recording.
        timing: seconds of sound and frames of keys.
        character: the head with its parts, as they were sent.
        request: what the backend is asked.
    """

    head_uid: int
    head_name: str
    scene_uid: int
    sequencer_uid: int
    fit: Fit
    add_strip: bool
    sound: sound.Sound
    timing: ClipTiming
    character: Character
    request: JobRequest


def find_problem(context: Any) -> str:
    """Why Generate cannot be pressed now; quick enough for a panel, empty where nothing is wrong."""
    obj, reason = head.find_head(context)
    problem = reason or head.head_problem(obj) or _sound_problem(context)
    return problem or ("" if is_object_mode(context) else OBJECT_MODE_FIRST)


def make_plan(context: Any) -> Plan:
    """Copy out of Blender everything that the backend needs.

    Raises:
        EngineError: it cannot be done, and why.
    """
    return in_one_go(plan_in_slices(context))


def plan_in_slices(context: Any) -> Slices[Plan]:
    """The same in slices; what is asked for was chosen when the first began."""
    _refuse(find_problem(context) or _file_problem(context))
    scene = context.scene
    settings, head_scene = scene.mmtalker, scene.session_uid
    sequencer_uid = compat.sequencer_scene(context).session_uid
    obj, _ = head.find_head(context)
    recording, strip, timing = _sound_and_timing(context)
    rate, seed = _rate(scene), settings.seed
    add_strip = settings.source == "FILE" and settings.add_strip
    character = yield from read_in_slices(context, obj, head_store.corrections(obj))
    geometry = yield from head_store.find_geometry_in_slices(obj)
    request = JobRequest(
        head=character.request,
        fps=timing.fps,
        start_time=timing.start_time,
        frames=timing.frames,
        audio_path=None if recording.path is None else str(recording.path),
        audio_bytes=recording.data,
        audio_name=recording.file_name,
        audio_start=timing.audio_start,
        audio_duration=timing.audio_duration,
        seed=seed,
    )
    return Plan(
        head_uid=obj.session_uid,
        head_name=obj.name,
        scene_uid=head_scene,
        sequencer_uid=sequencer_uid,
        fit=Fit(rate, geometry, strip),
        add_strip=add_strip,
        sound=recording,
        timing=timing,
        character=character,
        request=request,
    )


def lost_reason(plan: Plan) -> str:
    """Why a result would have nowhere to go any more; empty while all is there."""
    obj = by_uid(bpy.data.objects, plan.head_uid)
    if obj is None or obj.type != "MESH":
        return f"The head {plan.head_name} was deleted meanwhile: the speech was discarded."
    scene = by_uid(bpy.data.scenes, plan.scene_uid)
    if scene is None:
        return f"The scene of {plan.head_name} was deleted meanwhile: the speech was discarded."
    if _rate(scene) != plan.fit.fps:
        # One key stands on each frame of the rate that was asked for: at another they run off the sound.
        return (
            f"The frame rate of {scene.name} was changed meanwhile, so the speech was discarded: "
            "press Generate again."
        )
    if plan.sound.strip is not None and find_strip(plan) is None:
        return f"The strip {plan.sound.strip} was deleted or renamed meanwhile: the speech was discarded."
    return ""


def find_strip(plan: Plan) -> Any:
    """The plan's strip as it is now, or None."""
    strips = sound.sound_strips(by_uid(bpy.data.scenes, plan.sequencer_uid))
    return next((strip for strip in strips if strip.name == plan.sound.strip), None)


def _refuse(problem: str) -> None:
    if problem:
        raise EngineError(EngineCode.BAD_REQUEST, problem)


def _sound_problem(context: Any) -> str:
    settings = context.scene.mmtalker
    if settings.source == "FILE":
        return sound.path_problem(settings.sound_file)
    strip, reason = sound.find_strip(context)
    if strip is None:
        return reason
    scene = compat.sequencer_scene(context)
    if _rate(scene) != _rate(context.scene):
        return (
            f"{scene.name}, whose sequencer holds the strip, and {context.scene.name} have different frame "
            "rates: give both the same in their Output properties."
        )
    return sound.strip_problem(scene, strip)


def _file_problem(context: Any) -> str:
    """What is wrong with the sound's file; looks at the disk, so it is asked only on Generate."""
    settings = context.scene.mmtalker
    if settings.source == "FILE":
        return sound.file_problem(settings.sound_file)
    strip, _ = sound.find_strip(context)
    if strip.sound.packed_file is not None:
        return ""
    return sound.file_problem(strip.sound.filepath, strip.sound.library)


def _sound_and_timing(context: Any) -> tuple[sound.Sound, StripPlace | None, ClipTiming]:
    settings, render = context.scene.mmtalker, context.scene.render
    if settings.source == "FILE":
        timing = file_timing(context.scene.frame_start, render.fps, render.fps_base)
        return sound.file_sound(settings.sound_file), None, timing
    strip, _ = sound.find_strip(context)
    times = sound.heard_times(strip)
    facts = StripFacts(
        content_start=times.content_start - times.trimmed_start,
        final_start=times.left,
        final_end=times.right,
        sound_offset=strip.sound_offset,
    )
    lies = place(compat.sequencer_scene(context), strip)
    try:
        return sound.strip_sound(strip), lies, strip_timing(facts, render.fps, render.fps_base)
    except ValueError as error:
        raise EngineError(
            EngineCode.BAD_REQUEST, f"The strip {strip.name} cannot be spoken: {error}. Drag its ends apart."
        ) from error


def _rate(scene: Any) -> float:
    return frame_rate(scene.render.fps, scene.render.fps_base)
