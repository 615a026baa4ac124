"""One Check Head: the question where a head's parts are, and the answer as typed values."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .client import Event, WorkerClient
from .errors import EngineCode, EngineError
from .head_request import HeadRequest, head_message
from .wire import Frame
from .worker_job import CANCEL_LIMIT, WorkerJob

MOUTHS = ("parted", "fused", "missing")

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class MapResult:
    """Where a head's parts are; positions are in the head's own units and axes.

    Attributes:
        topology: what the head was recognised as.
        confidence: 0..1.
        regions: 0..1 by part of the face.
        mouth: one of ``MOUTHS``.
        points: landmarks by name.
        warnings: sentences for the user.
        uv: (V, 2) place in the chart.
        role: (V,) number of the part that a vertex belongs to.
        region: (V,) number of the part of the face, 255 where there is no skin.
        lip_line: (P, 3) from the right corner of the mouth to the left one; (0, 3) where there is none.
    """

    topology: str
    confidence: float
    regions: dict[str, float]
    mouth: str
    points: dict[str, Point]
    warnings: tuple[str, ...]
    uv: NDArray[np.float32]
    role: NDArray[np.uint8]
    region: NDArray[np.uint8]
    lip_line: NDArray[np.float32]


class MapJob(WorkerJob[MapResult]):
    """Maps one head on a worker."""

    stages: ClassVar = {
        "hello": (0.0, 0.15, "Starting the backend"),
        "map": (0.15, 1.0, "Looking at the head"),
    }

    def __init__(self, client: WorkerClient, head: HeadRequest, cancel_limit: float = CANCEL_LIMIT) -> None:
        super().__init__(client, cancel_limit)
        self._head = head

    def run(self) -> Generator[None, Event, MapResult]:
        answer = yield from self.ask("map", *head_message(self._head))
        return read_mapping(answer, vertex_count=len(self._head.vertices))


def read_mapping(answer: Frame, *, vertex_count: int) -> MapResult:
    """Check the answer to ``map``.

    Raises:
        EngineError: ``BAD_RESULT``, with what does not fit.
    """
    warnings = answer.fields.get("warnings")
    mouth = answer.fields.get("mouth")
    if mouth not in MOUTHS:
        raise _bad(f"its mouth is {mouth!r}")
    points = {str(name): _point(name, value) for name, value in _table(answer, "points").items()}
    return MapResult(
        topology=str(answer.fields.get("topology", "")),
        confidence=_share("confidence", answer.fields.get("confidence")),
        regions={str(name): _share(name, value) for name, value in _table(answer, "regions").items()},
        mouth=mouth,
        points=points,
        warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
        uv=_array(answer, "uv", "<f4", (vertex_count, 2)),
        role=_array(answer, "role", "|u1", (vertex_count,)),
        region=_array(answer, "region", "|u1", (vertex_count,)),
        lip_line=_array(answer, "lip_line", "<f4", (None, 3)),
    )


def _bad(what: str) -> EngineError:
    return EngineError(
        EngineCode.BAD_RESULT,
        f"MMTalker's backend described the head in a way that cannot be used: {what}. "
        "Nothing was changed; set the backend up again if this comes back.",
    )


def _table(answer: Frame, name: str) -> dict[Any, Any]:
    value = answer.fields.get(name)
    if not isinstance(value, dict):
        raise _bad(f"'{name}' is missing")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _share(name: object, value: Any) -> float:
    if not _is_number(value) or not 0.0 <= value <= 1.0:
        raise _bad(f"'{name}' is {value!r} where a number from 0 to 1 was due")
    return float(value)


def _point(name: object, value: Any) -> Point:
    if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
        raise _bad(f"the landmark '{name}' is at {value!r}")
    return float(value[0]), float(value[1]), float(value[2])


def _array(answer: Frame, name: str, dtype: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    array = answer.arrays.get(name)
    if array is None or array.dtype.str != dtype or array.ndim != len(shape):
        raise _bad(f"'{name}' is missing or of another kind")
    if any(want is not None and size != want for size, want in zip(array.shape, shape, strict=True)):
        raise _bad(f"'{name}' does not fit the head's vertices")
    if not np.isfinite(array).all():
        raise _bad(f"'{name}' has values that are not numbers")
    return array
