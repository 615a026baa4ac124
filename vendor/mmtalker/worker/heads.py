"""Heads in requests and answers: the mesh, what the animator said about it, and how it was mapped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.lip_line import find_lip_line
from mmtalker.mapping.regions import find_regions
from mmtalker.mapping.types import HeadMapping, Hints
from mmtalker.mesh.mesh import Float64, Mesh
from mmtalker.worker import fields
from mmtalker.worker.wire import Frame


@dataclass(frozen=True)
class Given:
    """What is known of a head beside its mesh.

    Attributes:
        corrections: (3,) position in head space of each landmark that the animator moved.
        hints: what objects and materials are called, or None.
    """

    corrections: Mapping[str, Float64] = field(default_factory=dict)
    hints: Hints | None = None


NOTHING_GIVEN = Given()


def read_mesh(request: Frame) -> Mesh:
    """Return the mesh of a ``head`` or ``map`` request."""
    return Mesh(
        vertices=fields.array(request, "vertices", "<f4", columns=3),
        loop_vertices=fields.array(request, "loop_vertices", "<i4"),
        loop_starts=fields.array(request, "loop_starts", "<i4"),
    )


def read_given(request: Frame, mesh: Mesh) -> Given:
    """Return what a ``head`` or ``map`` request says beside the mesh."""
    corrections = fields.points(request, "corrections")
    names = fields.texts(request, "part_names")
    if not names:
        return Given(corrections)
    part = fields.array(request, "part", "<i4")
    if len(part) != mesh.face_count or (len(part) and not 0 <= part.min() <= part.max() < len(names)):
        raise fields.bad_request(
            f"The array 'part' of a '{request.type}' request does not name one of the {len(names)} parts "
            f"for each of the {mesh.face_count} polygons."
        )
    return Given(corrections, Hints(names, part))


def head_arrays(mesh: Mesh, given: Given) -> dict[str, NDArray[Any]]:
    """All that a mapping is made from, as arrays: what a cache has to tell apart."""
    found: dict[str, NDArray[Any]] = {
        "vertices": mesh.vertices,
        "loop_vertices": mesh.loop_vertices,
        "loop_starts": mesh.loop_starts,
    }
    found.update({f"correction {name}": point for name, point in given.corrections.items()})
    if given.hints is not None:
        names = json.dumps(given.hints.names).encode()
        found["part_names"] = np.frombuffer(names, dtype=np.uint8)
        found["part"] = given.hints.face
    return found


def describe_mapping(mapping: HeadMapping) -> dict[str, Any]:
    """The fields of a ``map`` answer."""
    return {
        "topology": mapping.topology,
        "confidence": float(mapping.confidence),
        "regions": {name: float(value) for name, value in mapping.regions.items()},
        "mouth": str(mapping.mouth),
        "points": {name: [float(x) for x in point] for name, point in mapping.points.items()},
        "warnings": list(mapping.warnings),
    }


def mapping_arrays(mesh: Mesh, mapping: HeadMapping) -> dict[str, NDArray[Any]]:
    """The arrays of a ``map`` answer."""
    return {
        "uv": np.ascontiguousarray(mapping.uv, dtype="<f4"),
        "role": np.ascontiguousarray(mapping.role, dtype="|u1"),
        "region": find_regions(mapping),
        "lip_line": np.ascontiguousarray(find_lip_line(mesh, mapping), dtype="<f4"),
    }
