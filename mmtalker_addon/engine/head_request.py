"""A head as it is sent to the worker: its mesh, and what the animator knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .wire import Array


@dataclass(frozen=True, eq=False)
class HeadRequest:
    """A head.

    Attributes:
        vertices: (V, 3) positions in the head's own units and axes.
        loop_vertices: (L,) vertex of each polygon corner.
        loop_starts: (F + 1,) offset of each polygon's first corner; the last entry is L.
        name: the object's name, for messages.
        corrections: where the animator moved landmarks, in the same space.
        part_names: what objects and materials are called.
        part: (F,) index into ``part_names`` for every polygon; None where there are no names.
    """

    vertices: NDArray[np.float32]
    loop_vertices: NDArray[np.int32]
    loop_starts: NDArray[np.int32]
    name: str
    corrections: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    part_names: tuple[str, ...] = ()
    part: NDArray[np.int32] | None = None


def head_message(head: HeadRequest) -> tuple[dict[str, Any], dict[str, Array]]:
    """Fields and arrays of a ``head`` or ``map`` request."""
    fields: dict[str, Any] = {"name": head.name}
    arrays: dict[str, Array] = {
        "vertices": np.ascontiguousarray(head.vertices, dtype="<f4").reshape(-1, 3),
        "loop_vertices": np.ascontiguousarray(head.loop_vertices, dtype="<i4"),
        "loop_starts": np.ascontiguousarray(head.loop_starts, dtype="<i4"),
    }
    if head.corrections:
        fields["corrections"] = {name: list(point) for name, point in head.corrections.items()}
    if head.part_names and head.part is not None:
        fields["part_names"] = list(head.part_names)
        arrays["part"] = np.ascontiguousarray(head.part, dtype="<i4")
    return fields, arrays
