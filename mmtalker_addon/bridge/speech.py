"""One Generate as Blender sees it: what is asked of the backend, and what is done with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import bpy

from .. import compat
from ..core.curves import clamp_curves, rest_details
from ..core.names import match_names
from ..core.record import Record, encode_record
from ..core.timing import ClipTiming, StripFacts, file_timing, frame_rate, strip_timing
from ..engine.errors import EngineCode, EngineError
from ..engine.job import JobRequest
from ..engine.result import JobResult
from . import action, cast, head, head_store, keys, landmarks, sequencer, sound
from .blocks import OBJECT_MODE_FIRST, by_uid, is_object_mode
from .character import Character, read_character
from .version import addon_version


@dataclass(frozen=True)
class Plan:
    """What a run has to remember until its result arrives; names and numbers, since pointers die with undo.

    Attributes:
        head_uid: session number of the head.
        head_name: its name, for messages.
        scene_uid: session number of the scene that the head is in.
        sequencer_uid: session number of the scene whose sequencer holds the strip.
        frame_rate: frames per second of the scene.
        add_strip: put the sound file into the scene's sequencer.
        sound: the recording.
        strip_times: where the strip lay, or None for a file.
        timing: seconds of sound and frames of keys.
        character: the head with its parts, as they were sent.
        request: what the backend is asked.
    """

    head_uid: int
    head_name: str
    scene_uid: int
    sequencer_uid: int
    frame_rate: float
    add_strip: bool
    sound: sound.Sound
    strip_times: compat.StripTimes | None
    timing: ClipTiming
    character: Character
    request: JobRequest


@dataclass(frozen=True)
class Written:
    """What a result became.

    Attributes:
        action: the new Action.
        made: shape keys that were added.
        renewed: shape keys of an earlier run that were given the new shapes.
        driven: shape keys of the artist, left as they were.
        parts: names of the parts that move along.
        warnings: sentences for the artist.
    """

    action: Any
    made: int
    renewed: int
    driven: int
    parts: tuple[str, ...]
    warnings: tuple[str, ...]


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
    _refuse(find_problem(context))
    settings = context.scene.mmtalker
    obj, _ = head.find_head(context)
    character = read_character(context, obj, head_store.corrections(obj))
    recording, times, timing = _sound_and_timing(context)
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
        seed=settings.seed,
    )
    return Plan(
        head_uid=obj.session_uid,
        head_name=obj.name,
        scene_uid=context.scene.session_uid,
        sequencer_uid=compat.sequencer_scene(context).session_uid,
        frame_rate=_rate(context.scene),
        add_strip=settings.source == "FILE" and settings.add_strip,
        sound=recording,
        strip_times=times,
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
    if _rate(scene) != plan.frame_rate:
        # One key stands on each frame of the rate that was asked for: at another they run off the sound.
        return (
            f"The frame rate of {scene.name} was changed meanwhile, so the speech was discarded: "
            "press Generate again."
        )
    if plan.sound.strip is not None and _strip(plan) is None:
        return f"The strip {plan.sound.strip} was deleted or renamed meanwhile: the speech was discarded."
    return ""


def write_result(plan: Plan, result: JobResult) -> Written:
    """Put a result on the head: shape keys, slider ranges and the Action, all of it or nothing.

    Raises:
        EngineError: the head is no longer what the result was made for.
    """
    obj = by_uid(bpy.data.objects, plan.head_uid)
    problem = head.head_problem(obj)
    if not problem and len(obj.data.vertices) != plan.character.pieces[0].vertex_count:
        problem = f"{obj.name} was edited meanwhile, so the speech does not fit it: press Generate again."
    _refuse(problem)
    match = match_names(result.names, keys.existing_names(obj))
    curves = dict(zip(result.names, clamp_curves(result.curves).T, strict=True))
    name = f"Speech {PurePath(plan.sound.name).stem}"
    divided, warnings = cast.divide(plan.character, result)
    objects = [each.obj for each in divided]
    written = cast.write_shapes(divided)
    # The head itself comes first.
    curves = rest_details(curves, set(match.existing) - set(written[0].renewed))
    played = [{name: curves[name] for name in each.shapes} for each in divided]
    try:
        take = action.make_take(objects, name, plan.timing.first_frame, played, _record(plan, result))
    except BaseException:
        cast.take_back(objects, written)
        raise
    warnings = [*result.warnings, *match.warnings, *plan.character.warnings, *warnings]
    warnings += head.head_warnings(obj) + _landmark_warnings(obj)
    for each, own, was in zip(divided, played, written, strict=True):
        keys.widen_ranges(each.obj, own)
        warnings += keys.key_warnings(each.obj, tuple(own)) + keys.edited_warnings(was)
    warnings += action.play_take(objects, take, name)
    if plan.strip_times is not None and sound.heard_times(_strip(plan)) != plan.strip_times:
        warnings.append(f"The strip {plan.sound.strip} was moved or trimmed meanwhile: press Generate again.")
    if plan.sound.strip is None:
        scene = by_uid(bpy.data.scenes, plan.scene_uid)
        last_frame = plan.timing.first_frame + len(result.curves) - 1
        scene.frame_end = max(scene.frame_end, last_frame)  # a longer scene is left as it is
        if plan.add_strip:
            warnings += sequencer.add_strip(scene, plan.sound, plan.timing.first_frame)
    made, renewed = len(written[0].made), len(written[0].renewed)
    others = tuple(each.name for each in objects[1:])
    said = tuple(dict.fromkeys(warnings))
    return Written(take.action, made, renewed, len(match.existing) - renewed, others, said)


def _landmark_warnings(obj: Any) -> list[str]:
    if not landmarks.moved(obj):
        return []
    return [f"Landmarks of {obj.name} were moved and not used yet: press Update, then Generate again."]


def _strip(plan: Plan) -> Any:
    """The plan's strip as it is now, or None."""
    strips = sound.sound_strips(by_uid(bpy.data.scenes, plan.sequencer_uid))
    return next((strip for strip in strips if strip.name == plan.sound.strip), None)


def _refuse(problem: str) -> None:
    if problem:
        raise EngineError(EngineCode.BAD_REQUEST, problem)


def _sound_problem(context: Any) -> str:
    settings = context.scene.mmtalker
    if settings.source == "FILE":
        return sound.file_problem(settings.sound_file)
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


def _sound_and_timing(context: Any) -> tuple[sound.Sound, compat.StripTimes | None, ClipTiming]:
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
    try:
        return sound.strip_sound(strip), times, strip_timing(facts, render.fps, render.fps_base)
    except ValueError as error:
        raise EngineError(
            EngineCode.BAD_REQUEST, f"The strip {strip.name} cannot be spoken: {error}. Drag its ends apart."
        ) from error


def _rate(scene: Any) -> float:
    return frame_rate(scene.render.fps, scene.render.fps_base)


def _record(plan: Plan, result: JobResult) -> str:
    timing = plan.timing
    return encode_record(
        Record(
            names=result.names,
            raw=result.raw,
            raw_rate=result.raw_rate,
            start_time=timing.start_time,
            fps=timing.fps,
            first_frame=timing.first_frame,
            frames=len(result.curves),
            head=plan.head_name,
            audio=str(plan.sound.path or plan.sound.file_name),
            audio_start=timing.audio_start,
            seed=plan.request.seed,
            version=addon_version(),
        )
    )
