"""The shape keys of a head and of its parts, written together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.slices import Slices
from ..engine.result import JobResult
from . import keys, parts
from .blocks import by_uid
from .character import Character
from .rollback import Rollback

_LEAST = 1e-4
"""What moves less than this share of the head's extent does not move."""


@dataclass(frozen=True, eq=False)
class Member:
    """An object that moves.

    Attributes:
        obj: the head, or a part of it.
        shapes: key name to (V, 3) displacements of its own vertices.
    """

    obj: Any
    shapes: dict[str, NDArray[np.float32]]


def to_parts(character: Character, result: JobResult) -> Slices[tuple[list[Member], list[str]]]:
    """Divide the shapes among the head and the parts that move; returns them and warnings.

    The head gets all of them. A part gets those that move it; one that was deleted or edited meanwhile is
    left out, with a sentence.
    """
    members, warnings = [], []
    least = _LEAST * float(np.ptp(character.request.vertices, axis=0).max())
    for number, piece in enumerate(character.pieces):
        shapes = {}
        for name, shape in zip(result.names, result.shapes, strict=True):
            shapes[name] = piece.own_shape(shape)
            yield
        obj = by_uid(bpy.data.objects, piece.uid)
        problem = "" if number == 0 else _problem(obj, piece.name, piece.vertex_count)
        if problem:
            warnings.append(problem)
            continue
        if number > 0:
            own_least = least * float(np.linalg.svd(piece.to_own, compute_uv=False)[0])
            shapes = {name: shapes[name] for name in keys.moving(obj, shapes, own_least)}
        if shapes:
            members.append(Member(obj, shapes))
    return members, warnings


def write_shapes(members: Sequence[Member], rollback: Rollback) -> Slices[list[keys.KeysWritten]]:
    """Write the keys of every member."""
    written = []
    for member in members:
        written.append((yield from keys.write_shapes(member.obj, member.shapes, rollback)))
    return written


def _problem(obj: Any, name: str, vertex_count: int) -> str:
    """Why a part does not get its shapes any more; empty where it does."""
    if obj is None:
        return f"The part {name} was deleted meanwhile."
    problem = parts.part_problem(obj)
    if not problem and len(obj.data.vertices) != vertex_count:
        problem = f"The part {obj.name} was edited meanwhile and left out: press Generate again."
    return problem
