"""Reading a head from a .glb file: every triangle of the scene, where the scene puts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb_accessor import GltfDocument
from mmtalker.io.glb_container import split_glb
from mmtalker.io.inputs import bad_file
from mmtalker.limits import COARSER, MOST_TRIANGLES, MOST_VERTICES, check_count
from mmtalker.mesh.mesh import Float64, Mesh

_TRIANGLES = 4
_NOT_SURFACES = (0, 1, 2, 3)  # points and lines
_UNDERSTOOD = {"KHR_mesh_quantization", "KHR_texture_transform", "KHR_materials_unlit"}


def parse_glb(data: bytes, name: str) -> Mesh:
    """Parse the content of a binary glTF 2.0 file into one mesh of triangles, in the scene's coordinates.

    Vertices keep their order, primitives of one mesh that share positions share vertices. Morph targets,
    materials and animation are passed over; a skinned mesh comes in its bind pose. Vertices that an exporter
    has split at texture seams stay split.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    gltf = GltfDocument(*split_glb(data, name), name)
    try:
        return _parse(gltf)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise bad_file(name, "its glTF document breaks the rules of the format") from error


def _parse(gltf: GltfDocument) -> Mesh:
    unknown = sorted(set(gltf.document.get("extensionsRequired", [])) - _UNDERSTOOD)
    if unknown:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{gltf.name} needs {', '.join(map(str, unknown))}, which is not read here. "
            "Export it again without compression.",
        )
    vertices: list[NDArray[np.float32]] = []
    triangles: list[NDArray[np.int64]] = []
    total = corner_total = 0
    for mesh_index, matrix in _placed_meshes(gltf):
        first_of: dict[int, int] = {}  # position accessor to the number of its first vertex
        for primitive in gltf.entry("meshes", mesh_index)["primitives"]:
            mode = primitive.get("mode", _TRIANGLES)
            if mode in _NOT_SURFACES:
                continue
            if mode != _TRIANGLES:
                raise bad_file(gltf.name, "it holds strips or fans, and only plain triangles are read")
            accessor = primitive["attributes"]["POSITION"]
            # A scene may place one mesh very often, so all is counted before anything is made.
            total += 0 if accessor in first_of else gltf.count(accessor)
            corner_total += gltf.count(primitive.get("indices", accessor))
            check_count(gltf.name, "vertices", total, MOST_VERTICES, COARSER)
            check_count(gltf.name, "triangles", corner_total // 3, MOST_TRIANGLES, COARSER)
            local = _positions(gltf, accessor)
            if accessor not in first_of:
                first_of[accessor] = total - len(local)
                with np.errstate(
                    over="ignore", invalid="ignore"
                ):  # the mesh check reports what is not finite
                    vertices.append((local @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32))
            corners = _corners(gltf, primitive, len(local))
            if np.linalg.det(matrix[:3, :3]) < 0.0:
                corners = corners[:, ::-1]  # mirroring turns the surface inside out
            triangles.append(corners + first_of[accessor])
    if not any(len(block) for block in triangles):
        raise bad_file(gltf.name, "its scene holds no triangles")
    faces = np.concatenate(triangles)
    starts = np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int32)
    return Mesh(np.concatenate(vertices), faces.reshape(-1).astype(np.int32), starts)


def _positions(gltf: GltfDocument, accessor: object) -> Float64:
    values = gltf.accessor(accessor)
    if values.shape[1] != 3:
        raise bad_file(gltf.name, f"accessor {accessor} holds positions that are not of three numbers")
    return values.astype(np.float64)


def _corners(gltf: GltfDocument, primitive: dict[str, Any], vertex_count: int) -> NDArray[np.int64]:
    """(T, 3) vertex indices of a primitive."""
    if "indices" in primitive:
        values = gltf.accessor(primitive["indices"])
        if values.dtype.kind != "u" or values.shape[1] != 1:
            raise bad_file(gltf.name, "its triangles have vertex numbers that are not whole numbers")
        corners = values[:, 0].astype(np.int64)
        if len(corners) and corners.max() >= vertex_count:
            raise bad_file(gltf.name, f"a triangle has vertex {corners.max()}, and there are {vertex_count}")
    else:
        corners = np.arange(vertex_count, dtype=np.int64)
    if len(corners) % 3:
        raise bad_file(gltf.name, "the last triangle of a mesh lacks a corner")
    return corners.reshape(-1, 3)


def _placed_meshes(gltf: GltfDocument) -> Iterator[tuple[object, Float64]]:
    """Each mesh of the scene with the (4, 4) matrix that places it, parents before children."""
    nodes = gltf.document.get("nodes", [])
    if not nodes:
        for index in range(len(gltf.document.get("meshes", []))):
            yield index, np.eye(4)
        return
    if gltf.document.get("scenes"):
        roots = gltf.entry("scenes", gltf.document.get("scene", 0)).get("nodes", [])
    else:
        children = {child for node in nodes for child in node.get("children", [])}
        roots = [index for index in range(len(nodes)) if index not in children]
    waiting = [(index, np.eye(4)) for index in reversed(roots)]
    seen: set[int] = set()
    while waiting:
        index, parent = waiting.pop()
        node = gltf.entry("nodes", index)
        if index in seen:
            raise bad_file(gltf.name, f"node {index} is placed more than once")
        seen.add(index)
        matrix = parent @ _local_matrix(node)
        if "mesh" in node:
            # By the rules the joints alone place a skinned mesh; its bind pose is the mesh as stored.
            yield node["mesh"], np.eye(4) if "skin" in node else matrix
        waiting.extend((child, matrix) for child in reversed(node.get("children", [])))


def _local_matrix(node: dict[str, Any]) -> Float64:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T  # stored column by column
    matrix = np.eye(4)
    x, y, z, w = np.array(node.get("rotation", [0.0, 0.0, 0.0, 1.0]), dtype=np.float64)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix[:3, :3] = rotation * np.array(node.get("scale", [1.0, 1.0, 1.0]), dtype=np.float64).reshape(3)
    matrix[:3, 3] = np.array(node.get("translation", [0.0, 0.0, 0.0]), dtype=np.float64).reshape(3)
    return matrix
