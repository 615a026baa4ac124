"""A speech written into Blender's data: shape keys, Action, strip and scene, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import bpy

from ..core.curves import clamp_curves, rest_details
from ..core.names import match_names
from ..core.record import Record, encode_record
from ..core.slices import Slices
from ..engine.errors import EngineCode, EngineError
from ..engine.result import JobResult
from . import action, distribute, fbx, fit, head, keys, landmarks, sequencer
from .blocks import by_uid
from .rollback import Rollback
from .speech import Plan
from .version import addon_version


@dataclass(frozen=True)
class Written:
    """What a result became.

    Attributes:
        action: the new Action.
        made: shape keys that were added.
        renewed: shape keys of an earlier run that were given the new shapes.
        driven: shape keys of the artist, left as they were.
        parts: names of the parts that move along.
        kept: names of the Actions that were played before and stay in the file.
        end_frame: where the scene was made to end; None where it was left as it is.
        warnings: sentences for the artist.
        details: what they count and do not name.
    """

    action: Any
    made: int
    renewed: int
    driven: int
    parts: tuple[str, ...]
    kept: tuple[str, ...]
    end_frame: int | None
    warnings: tuple[str, ...]
    details: tuple[str, ...]


def write_result(plan: Plan, result: JobResult) -> Slices[Written]:
    """Put a result on the head, in slices; where it fails, or is given up, all is as it was.

    Raises:
        EngineError: the head is no longer what the result was made for.
    """
    _check(plan)
    divided, warnings = yield from distribute.to_parts(plan.character, result)
    _check(plan)
    obj = divided[0].obj
    match = match_names(result.names, keys.existing_names(obj))
    curves = dict(zip(result.names, clamp_curves(result.curves).T, strict=True))
    objects = [each.obj for each in divided]
    with Rollback() as rollback:
        written = yield from distribute.write_shapes(divided, rollback)
        # The head itself comes first.
        curves = rest_details(curves, set(match.existing) - set(written[0].renewed))
        played = [{name: curves[name] for name in each.shapes} for each in divided]
        name = f"Speech {PurePath(plan.sound.name).stem}"
        record = _record(plan, result)
        take = yield from action.make_take(objects, name, plan.timing.first_frame, played, record, rollback)
        warnings = [*result.warnings, *match.warnings, *plan.character.warnings, *warnings]
        warnings += head.head_warnings(obj) + _landmark_warnings(obj)
        for each, own, was in zip(divided, played, written, strict=True):
            keys.widen_ranges(each.obj, own, rollback)
            warnings += keys.key_warnings(each.obj, tuple(own)) + keys.edited_warnings(was)
        older, busy = action.play_take(objects, take, rollback)
        warnings += busy
        end_frame, said = _place_in_scene(plan, take, len(result.curves), rollback)
        warnings += said + fbx.warnings(objects)
    return Written(
        action=take.action,
        made=len(written[0].made),
        renewed=len(written[0].renewed),
        driven=len(match.existing) - len(written[0].renewed),
        parts=tuple(each.name for each in objects[1:]),
        kept=tuple(each.name for each in older),
        end_frame=end_frame,
        warnings=tuple(dict.fromkeys(warnings)),
        details=match.details,
    )


def _check(plan: Plan) -> None:
    """Refuse a head that is no longer what was read."""
    obj = by_uid(bpy.data.objects, plan.head_uid)
    problem = head.head_problem(obj)
    if not problem and len(obj.data.vertices) != plan.character.pieces[0].vertex_count:
        problem = f"{obj.name} was edited meanwhile, so the speech does not fit it: press Generate again."
    if problem:
        raise EngineError(EngineCode.BAD_REQUEST, problem)


def _place_in_scene(
    plan: Plan, take: action.Take, frames: int, rollback: Rollback
) -> tuple[int | None, list[str]]:
    """Add the strip of a file, and lengthen the scene; returns where it ends now, and warnings."""
    scene = by_uid(bpy.data.scenes, plan.scene_uid)
    warnings, lies = [], plan.fit.strip
    if lies is not None:
        change = fit.find_strip_change(scene, lies)
        warnings += [f"{change} Press Generate again."] if change else []
    elif plan.add_strip:
        strip, warnings = sequencer.add_strip(scene, plan.sound, plan.timing.first_frame, rollback)
        lies = None if strip is None else fit.place(scene, strip)
    fit.remember(take.action, replace(plan.fit, strip=lies))
    before, last_frame = scene.frame_end, plan.timing.first_frame + frames - 1
    if last_frame <= before:
        return None, warnings  # a longer scene is left as it is
    rollback.add(setattr, scene, "frame_end", before)
    scene.frame_end = last_frame
    if scene.frame_end < last_frame:
        warnings.append(
            f"The speech ends at frame {last_frame}, and no scene of Blender's can be longer than "
            f"{scene.frame_end} frames: begin it earlier."
        )
    return scene.frame_end, warnings


def _landmark_warnings(obj: Any) -> list[str]:
    if not landmarks.moved(obj):
        return []
    return [f"Landmarks of {obj.name} were moved and not used yet: press Update, then Generate again."]


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
