"""One Check Head as Blender sees it: what is asked of the backend, and what is shown of its answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.head_record import HeadCheck, HeadRecord, Point
from ..core.regions import in_words, paint_vertices
from ..core.slices import Slices
from ..engine.errors import EngineCode, EngineError
from ..engine.map_job import MapResult
from . import head, head_store, landmarks, map_colours, parts
from .blocks import OBJECT_MODE_FIRST, by_uid, is_object_mode
from .character import Character, read_in_slices


@dataclass(frozen=True)
class CheckPlan:
    """What a run has to remember until its result arrives.

    Attributes:
        head_uid: session number of the head.
        head_name: its name, for messages.
        scene_uid: session number of its scene.
        geometry: hash of the mesh that was sent.
        seen: where the landmarks were when the run began.
        corrections: where the animator put landmarks, in the head's own space.
        character: the head with its parts, and what the backend is asked.
    """

    head_uid: int
    head_name: str
    scene_uid: int
    geometry: str
    seen: Mapping[str, Point]
    corrections: Mapping[str, Point]
    character: Character


def find_problem(context: Any) -> str:
    """Why the head cannot be checked now; quick enough for a panel, empty where nothing is wrong."""
    obj, reason = head.find_head(context)
    problem = reason or head.head_problem(obj)
    return problem or ("" if is_object_mode(context) else OBJECT_MODE_FIRST)


def plan_in_slices(context: Any, forget: Collection[str] = ()) -> Slices[CheckPlan]:
    """Copy out of Blender everything that the backend needs.

    Args:
        context: Blender's.
        forget: landmarks that go back to where they are found.

    Raises:
        EngineError: it cannot be done, and why.
    """
    _refuse(find_problem(context))
    obj, _ = head.find_head(context)
    scene_uid, seen = context.scene.session_uid, landmarks.places(obj)
    corrections = head_store.corrections(obj) | landmarks.moved(obj)
    kept = {name: point for name, point in corrections.items() if name not in forget}
    geometry = yield from head_store.find_geometry_in_slices(obj)
    character = yield from read_in_slices(context, obj, kept)
    return CheckPlan(
        head_uid=obj.session_uid,
        head_name=obj.name,
        scene_uid=scene_uid,
        geometry=geometry,
        seen=seen,
        corrections=kept,
        character=character,
    )


def lost_reason(plan: CheckPlan) -> str:
    """Why a result would have nowhere to go any more; empty while all is there."""
    obj = by_uid(bpy.data.objects, plan.head_uid)
    if obj is None or obj.type != "MESH":
        return f"The head {plan.head_name} was deleted meanwhile: what was found was discarded."
    if by_uid(bpy.data.scenes, plan.scene_uid) is None:
        return f"The scene of {plan.head_name} was deleted meanwhile: what was found was discarded."
    return ""


def write_result(plan: CheckPlan, result: MapResult) -> Slices[str]:
    """Show what was found and keep it with the mesh; returns a sentence for the artist.

    What takes time is computed first; Blender's data is written in the last slice.

    Raises:
        EngineError: the head is no longer what the result was made for.
    """
    colours = paint_vertices(result.uv, result.role, result.region)
    yield
    obj = by_uid(bpy.data.objects, plan.head_uid)
    problem = head.head_problem(obj)
    if not problem and len(obj.data.vertices) != plan.character.pieces[0].vertex_count:
        problem = f"{obj.name} was edited meanwhile: press Check Head again."
    _refuse(problem)
    character = plan.character
    check = HeadCheck(
        topology=result.topology,
        confidence=result.confidence,
        regions=result.regions,
        mouth=result.mouth,
        lip_line=tuple((x, y, z) for x, y, z in character.own_line(result.lip_line).tolist()),
        warnings=result.warnings,
    )
    head_store.write(obj, HeadRecord(plan.geometry, check, plan.corrections))
    landmarks.show(
        by_uid(bpy.data.scenes, plan.scene_uid), obj, character.own_points(result.points), plan.seen
    )
    for piece in character.pieces:
        painted = by_uid(bpy.data.objects, piece.uid)
        if painted is not None and len(painted.data.vertices) == piece.vertex_count:
            map_colours.show(painted, piece.own_rows(colours))
    return f"MMTalker is {in_words(result.confidence)} of what is where on {obj.name}."


def is_shown(obj: Any) -> bool:
    """True while landmarks or colours of a check are on the head."""
    return obj is not None and obj.type == "MESH" and (map_colours.is_shown(obj) or bool(landmarks.find(obj)))


def hide(obj: Any) -> None:
    """Take landmarks and colours off the head; what the animator moved is kept with the mesh."""
    landmarks.remove(obj)
    for painted in (obj, *parts.listed(obj)):
        hide_colours(painted)


def hide_colours(obj: Any) -> None:
    """Take the colours of a check off one object, and off the viewports with the last one."""
    if obj.type == "MESH":
        map_colours.hide(obj)
    if not any(map_colours.is_shown(other) for other in bpy.data.objects if other.type == "MESH"):
        map_colours.restore_viewports()


def _refuse(problem: str) -> None:
    if problem:
        raise EngineError(EngineCode.BAD_REQUEST, problem)
