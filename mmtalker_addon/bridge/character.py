"""A head with its parts as one mesh, as it is sent; and what comes back, divided among the objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.head_record import Point
from ..core.mirror import Whole, complete, of_half
from ..core.slices import Slices, in_one_go
from ..engine.errors import EngineCode, EngineError
from ..engine.head_request import HeadRequest
from . import deformed, head, parts
from .blocks import world_matrix
from .mirrors import find_planes, mirror_warnings
from .rest import rest_pose

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]

_EVEN = 1.001
"""Up to this ratio between its axes a head's scale is even, and the mesh is sent as it is."""

_NO_SIZE = 1e-9


@dataclass(frozen=True, eq=False)
class Piece:
    """One object of a character.

    Attributes:
        uid: session number of the object.
        name: its name, for messages.
        whole: its mesh with what a Mirror modifier adds.
        first: row of its first vertex in what is sent.
        to_own: (3, 3) from a displacement in what is sent to one in the object's space.
        before_deform: (V, 3, 3) from there to one of the mesh before its deforming modifiers; None for none.
    """

    uid: int
    name: str
    whole: Whole
    first: int
    to_own: Float64
    before_deform: Float64 | None

    @property
    def vertex_count(self) -> int:
        """V, how many vertices the object's own mesh has."""
        return int(self.whole.rows.shape[1])

    def own_rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """(V, ...) of the object's own vertices, of (N, ...) for all that was sent."""
        return values[self.first : self.first + self.vertex_count]

    def own_shape(self, displacement: NDArray[np.floating[Any]]) -> Float32:
        """(V, 3) displacement of the object's own vertices, of (N, 3) for all that was sent."""
        last = self.first + len(self.whole.vertices)
        own = of_half(self.whole, displacement[self.first : last].astype(np.float64) @ self.to_own.T)
        if self.before_deform is not None:
            own = np.einsum("vij,vj->vi", self.before_deform, own)
        return np.asarray(own, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Character:
    """All that is sent of a head.

    Attributes:
        pieces: the head, then its parts.
        request: the mesh as one, and what is known of it; where the head's scale is uneven, as it is shown.
        from_request: (3, 3) from a place in the request to one in the head's own space.
        warnings: sentences on what was left out, and on what will look wrong.
    """

    pieces: tuple[Piece, ...]
    request: HeadRequest
    from_request: Float64
    warnings: tuple[str, ...]

    def own_points(self, points: Mapping[str, Point]) -> dict[str, Point]:
        """Places of the answer, in the head's own space."""
        return {name: _point(self.from_request @ point) for name, point in points.items()}

    def own_line(self, line: NDArray[np.floating[Any]]) -> Float64:
        """(P, 3) places of the answer, in the head's own space."""
        return np.asarray(line, dtype=np.float64) @ self.from_request.T


def read_character(context: Any, obj: Any, corrections: Mapping[str, Point]) -> Character:
    """Copy a head and its parts out of Blender, at rest, each through its own place in the world.

    Args:
        context: Blender's.
        obj: the head.
        corrections: landmarks that the animator moved, in the head's own space.

    Raises:
        EngineError: the head itself cannot be used.
    """
    return in_one_go(read_in_slices(context, obj, corrections))


def read_in_slices(context: Any, obj: Any, corrections: Mapping[str, Point]) -> Slices[Character]:
    """The same in slices; places in the world are those of the first."""
    objects = [obj, *parts.find_parts(context, obj)]
    warnings = parts.part_problems(context, obj)
    with rest_pose(context):
        to_request = _to_request(obj)
        worlds = [world_matrix(each) for each in objects]
    head_place = np.eye(4)
    head_place[:3, :3] = to_request
    found = []
    for each, world in zip(objects, worlds, strict=True):
        place = head_place if each is obj else head_place @ np.linalg.inv(worlds[0]) @ world
        read = yield from _read(context, each, place)
        if read.problem and each is obj:
            raise EngineError(EngineCode.BAD_REQUEST, read.problem)
        found += [] if read.problem else [read]
        warnings += [read.problem] if read.problem else []
    warnings += [text for each in found for text in mirror_warnings(each.obj, each.is_half)]
    firsts = np.cumsum([0] + [len(each.points) for each in found])
    pieces = tuple(
        Piece(each.obj.session_uid, each.obj.name, each.whole, int(first), each.to_own, each.before_deform)
        for each, first in zip(found, firsts[:-1], strict=True)
    )
    yield
    moved = {name: _point(to_request @ point) for name, point in corrections.items()}
    request = _joined(obj.name, found, firsts, moved)
    return Character(pieces, request, np.linalg.inv(to_request), tuple(warnings))


@dataclass(frozen=True, eq=False)
class _Read:
    """One object: its whole, where that lies in the request, and its names."""

    obj: Any
    problem: str
    whole: Whole
    points: Float64
    to_own: Float64
    before_deform: Float64 | None
    names: tuple[str, ...]
    part: NDArray[np.int32]

    @property
    def is_half(self) -> bool:
        return len(self.whole.rows) > 1


def _read(context: Any, obj: Any, place: Float64) -> Slices[_Read]:
    arrays = yield from head.read_in_slices(obj)
    names, part = head.part_names(obj)
    yield
    problem = head.data_problem(obj, arrays)
    linear = place[:3, :3]
    if not problem and np.linalg.svd(linear, compute_uv=False)[-1] < _NO_SIZE:
        problem = f"{obj.name} has a scale of 0: give it a size, or remove it from the parts."
    if problem:
        nothing = complete(arrays.vertices, arrays.loop_vertices, arrays.loop_starts, [])
        return _Read(obj, problem, nothing, nothing.vertices, np.eye(3), None, names, part)
    yield
    vertices, before, planes = arrays.vertices.astype(np.float64), None, []
    if obj.modifiers:
        with rest_pose(context):
            if deformed.has_deformers(obj):
                vertices, before = deformed.look(context, obj, arrays)
            planes = find_planes(obj, vertices)
        yield
    whole = complete(vertices, arrays.loop_vertices, arrays.loop_starts, planes)
    points = whole.vertices @ linear.T + place[:3, 3]
    return _Read(obj, "", whole, points, np.linalg.inv(linear), before, names, part)


def _joined(name: str, found: list[_Read], firsts: NDArray[np.int64], moved: dict[str, Point]) -> HeadRequest:
    """All objects as one mesh, with the names of objects and materials."""
    names: list[str] = []
    corners, counts, part = [], [], []
    for each, first in zip(found, firsts[:-1], strict=True):
        corners.append(each.whole.loop_vertices + np.int32(first))
        counts.append(np.diff(each.whole.loop_starts))
        part.append(each.part[each.whole.face] + np.int32(len(names)))
        names += each.names
    return HeadRequest(
        vertices=np.concatenate([each.points for each in found]).astype(np.float32),
        loop_vertices=np.concatenate(corners).astype(np.int32),
        loop_starts=np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int32),
        name=name,
        corrections=moved,
        part_names=tuple(names),
        part=np.concatenate(part).astype(np.int32),
    )


def _to_request(obj: Any) -> Float64:
    """(3, 3) what makes the head's mesh look as it is shown: nothing where its scale is even."""
    linear = world_matrix(obj)[:3, :3]
    sizes = np.linalg.svd(linear, compute_uv=False)
    if sizes[-1] < _NO_SIZE:
        raise EngineError(EngineCode.BAD_REQUEST, f"{obj.name} has a scale of 0: give it a size.")
    mirrored = np.linalg.det(linear) < 0.0
    return linear if sizes[0] > _EVEN * sizes[-1] or mirrored else np.eye(3)


def _point(values: Any) -> Point:
    x, y, z = (float(value) for value in values)
    return x, y, z
