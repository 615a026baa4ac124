"""Is this geometry at all: the checks that every head passes before anything else looks at it."""

from __future__ import annotations

import numpy as np

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.limits import MOST_TRIANGLES, MOST_VERTICES
from mmtalker.mesh.mesh import Mesh


def check_size(mesh: Mesh) -> None:
    """Refuse what would take too long to look at.

    Raises:
        MMTalkerError: UNSUPPORTED_HEAD for more than ``MOST_TRIANGLES`` or ``MOST_VERTICES``.
    """
    triangles = len(mesh.loop_vertices) - 2 * mesh.face_count
    counts = ((triangles, MOST_TRIANGLES, "triangles"), (mesh.vertex_count, MOST_VERTICES, "vertices"))
    for count, most, what in counts:
        if count > most:
            raise MMTalkerError(
                ErrorCode.UNSUPPORTED_HEAD,
                f"The mesh has {count:,} {what}, and at most {most:,} can be looked at. Lower the viewport "
                "level of its Multires or Subdivision modifier, apply a Decimate modifier, or animate a "
                "coarser copy.",
            )


def check_mesh(mesh: Mesh) -> list[str]:
    """Return sentences about harmless flaws.

    Raises:
        MMTalkerError: BAD_MESH when there is nothing, or nothing sound, to animate.
    """
    _check_arrays(mesh)
    extent = float(np.ptp(mesh.vertices.astype(np.float64), axis=0).max())
    if extent == 0.0:
        raise _bad(
            f"All {mesh.vertex_count:,} vertices of the mesh are in one place. "
            "Apply or reset the object's scale, or choose another mesh."
        )
    triangles, face = mesh.triangles_with_faces()
    corners = mesh.vertices.astype(np.float64)[triangles] / extent
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.zeros(mesh.face_count)
    np.add.at(area, face, np.linalg.norm(cross, axis=1))
    flat = int((area <= 1e-14).sum())
    if flat == mesh.face_count:
        raise _bad(
            f"All {flat:,} faces of the mesh have zero area. "
            "Choose a mesh with a surface, or undo the scaling."
        )
    warnings = []
    if flat:
        warnings.append(f"{flat:,} of {mesh.face_count:,} faces have zero area; they are kept as they are.")
    loose = mesh.vertex_count - len(np.unique(mesh.loop_vertices))
    if loose:
        warnings.append(f"{loose:,} of {mesh.vertex_count:,} vertices belong to no face.")
    return warnings


def _check_arrays(mesh: Mesh) -> None:
    """Refuse arrays that no later step could index."""
    if mesh.vertex_count == 0:
        raise _bad("The mesh has no vertices. Choose a head mesh.")
    if mesh.vertices.ndim != 2 or mesh.vertices.shape[1] != 3:
        shape = mesh.vertices.shape
        raise _bad(f"The vertices have the shape {shape} and not (V, 3). Give x, y and z of each.")
    broken = np.flatnonzero(~np.isfinite(mesh.vertices).all(axis=1))
    if len(broken):
        raise _bad(
            f"{len(broken):,} of {mesh.vertex_count:,} vertices have coordinates that are not finite numbers "
            f"(the first is vertex {broken[0]}). Repair or delete them, then try again."
        )
    if mesh.face_count <= 0 or len(mesh.loop_vertices) == 0:
        raise _bad(f"The mesh has {mesh.vertex_count:,} vertices but no faces. Choose a mesh with a surface.")
    low, high = int(mesh.loop_vertices.min()), int(mesh.loop_vertices.max())
    if low < 0 or high >= mesh.vertex_count:
        wrong = low if low < 0 else high
        raise _bad(
            f"A face uses vertex {wrong}, but the mesh has only vertices 0 to {mesh.vertex_count - 1}. "
            "The file is damaged: export it again."
        )
    starts = mesh.loop_starts
    if starts[0] != 0 or starts[-1] != len(mesh.loop_vertices) or (np.diff(starts) < 0).any():
        raise _bad("The list of polygon corners does not fit the list of polygons. Export the mesh again.")


def _bad(message: str) -> MMTalkerError:
    return MMTalkerError(ErrorCode.BAD_MESH, message)
