"""Writing a talking head as .glb: morph targets with their names, and one animation of their weights.

Coordinates are the head's own. glTF means them as metres with y up; a head in other units or axes keeps
them, since whoever opens the file next to the original wants the two to agree. A target holds only the
vertices that it moves (a sparse accessor), which all the usual viewers and Blender read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb_container import write_glb_container
from mmtalker.mesh.mesh import Float32, Int32, Mesh
from mmtalker.mesh.normals import vertex_normals

if TYPE_CHECKING:
    from mmtalker.animation import Animation

_FLOAT, _UINT16, _UINT32 = 5126, 5123, 5125
_ARRAY, _ELEMENT_ARRAY = 34962, 34963
_STILL = 1e-5
"""Shares of the head's extent below which a vertex counts as still: 3 µm on a head of 30 cm."""
_SPARSE_BELOW = 0.75
"""A larger share of moving vertices is written plainly, which is then smaller."""
_MATERIAL = {
    "name": "head",
    "doubleSided": True,  # the inside of the mouth is seen
    "pbrMetallicRoughness": {
        "baseColorFactor": [0.8, 0.62, 0.53, 1.0],
        "metallicFactor": 0.0,
        "roughnessFactor": 0.6,
    },
}


class _Buffers:
    """Collects buffer views and the accessors that look into them."""

    def __init__(self) -> None:
        self.content: list[bytes] = []
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, values: NDArray[Any], target: int | None = None) -> int:
        self.content.append(np.ascontiguousarray(values).tobytes())
        self.views.append({} if target is None else {"target": target})
        return len(self.views) - 1

    def accessor(self, values: Float32, kind: str, target: int | None = None) -> int:
        """Floats, with the bounds that the format asks for where they are positions or times."""
        return self._add(
            {
                "bufferView": self.view(values, target),
                "componentType": _FLOAT,
                "count": len(values),
                "type": kind,
            }
            | _bounds(values)
        )

    def indices(self, values: Int32, vertex_count: int) -> int:
        kind, dtype = _index_type(vertex_count)
        view = self.view(values.astype(dtype), _ELEMENT_ARRAY)
        return self._add({"bufferView": view, "componentType": kind, "count": len(values), "type": "SCALAR"})

    def displacements(self, values: Float32, still: float) -> int:
        """(V, 3) displacements; those up to ``still`` long are written as none at all."""
        moving = np.flatnonzero(np.linalg.norm(values, axis=1) > still)
        if len(moving) > _SPARSE_BELOW * len(values):
            return self.accessor(values, "VEC3", _ARRAY)
        if not len(moving):
            moving = np.zeros(1, dtype=np.int64)  # a sparse accessor has one entry at least
        kind, dtype = _index_type(len(values))
        kept = np.zeros_like(values)
        kept[moving] = values[moving]
        sparse = {
            "count": len(moving),
            "indices": {"bufferView": self.view(moving.astype(dtype)), "componentType": kind},
            "values": {"bufferView": self.view(kept[moving])},
        }
        plain = {"componentType": _FLOAT, "count": len(values), "type": "VEC3", "sparse": sparse}
        return self._add(plain | _bounds(kept))

    def _add(self, accessor: dict[str, Any]) -> int:
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def write_glb(animation: Animation, path: Path) -> None:
    """Write head, shapes and curves; time 0 of the file is the first row of ``animation.curves``.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when the head has no faces or the place cannot be written to;
            ``DISK_FULL``.
    """
    mesh = animation.mesh
    triangles = mesh.triangles()
    if not len(triangles):
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The head has no faces, so {path} would show nothing. Write an npz instead.",
        )
    buffers = _Buffers()
    extent = float(np.ptp(mesh.vertices, axis=0).max())
    primitive = {
        "attributes": {
            "POSITION": buffers.accessor(mesh.vertices, "VEC3", _ARRAY),
            "NORMAL": buffers.accessor(_unit_normals(mesh, triangles), "VEC3", _ARRAY),
        },
        "indices": buffers.indices(triangles.reshape(-1), mesh.vertex_count),
        "material": 0,
        "targets": [
            {"POSITION": buffers.displacements(shape, _STILL * extent)} for shape in animation.shapes
        ],
    }
    names = list(animation.names)
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "MMTalker"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "head", "mesh": 0}],
        "meshes": [
            {
                "name": "head",
                "primitives": [primitive],
                "weights": [0.0] * len(names),
                "extras": {"targetNames": names},
            }
        ],
        "materials": [_MATERIAL],
    }
    if not names:
        del primitive["targets"], document["meshes"][0]["weights"]
    elif len(animation.curves):
        document["animations"] = [_animation(animation, buffers)]
    document |= {"accessors": buffers.accessors, "bufferViews": buffers.views}
    write_glb_container(path, document, buffers.content)


def _unit_normals(mesh: Mesh, triangles: Int32) -> Float32:
    """(V, 3) of unit length; a vertex without a face, which has none, gets one too as the format wants."""
    normals = vertex_normals(mesh.vertices, triangles)
    normals[~normals.any(axis=1)] = (0.0, 0.0, 1.0)
    return normals


def _animation(animation: Animation, buffers: _Buffers) -> dict[str, Any]:
    times = (np.arange(len(animation.curves)) / animation.fps).astype(np.float32)
    weights = np.ascontiguousarray(animation.curves, dtype=np.float32).reshape(-1)
    return {
        "name": "speech",
        "samplers": [
            {
                "input": buffers.accessor(times, "SCALAR"),
                "output": buffers.accessor(weights, "SCALAR"),
                "interpolation": "LINEAR",
            }
        ],
        "channels": [{"sampler": 0, "target": {"node": 0, "path": "weights"}}],
    }


def _bounds(values: Float32) -> dict[str, list[float]]:
    table = values.reshape(len(values), -1)
    return {"min": table.min(axis=0).tolist(), "max": table.max(axis=0).tolist()}


def _index_type(vertex_count: int) -> tuple[int, type[np.unsignedinteger[Any]]]:
    # The largest number of each type is not allowed: it restarts a strip.
    return (_UINT16, np.uint16) if vertex_count < 0xFFFF else (_UINT32, np.uint32)
