"""An animation as one NumPy archive: everything, exactly, for scripts and for our own tools.

Arrays: ``names`` (K) text; ``curves`` (T, K), ``fps``, ``start_time``; ``raw`` (R, K) and ``raw_rate``;
``neutral`` (V, 3); ``shapes`` (K, V, 3) displacements; ``loop_vertices`` and ``loop_starts``, the polygons
as in :class:`mmtalker.mesh.mesh.Mesh`. There are no Python objects in it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmtalker.animation import RAW_RATE, Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.archive import read_archive
from mmtalker.io.atomic import replacing
from mmtalker.io.inputs import bad_file
from mmtalker.mesh.mesh import Mesh

_ARRAYS = {
    "names": (1, "U"),
    "curves": (2, "f"),
    "fps": (0, "f"),
    "start_time": (0, "f"),
    "raw": (2, "f"),
    "neutral": (2, "f"),
    "shapes": (3, "f"),
    "loop_vertices": (1, "iu"),
    "loop_starts": (1, "iu"),
}
"""What is read: how many dimensions each array has, and of which kinds it may be."""


def write_npz(animation: Animation, path: Path) -> None:
    """Write everything but the report (``stats`` and ``warnings``)."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.array(animation.names, dtype=np.str_),
            curves=animation.curves,
            fps=np.float64(animation.fps),
            start_time=np.float64(animation.start_time),
            raw=animation.raw,
            raw_rate=np.float64(RAW_RATE),
            neutral=animation.mesh.vertices,
            shapes=animation.shapes,
            loop_vertices=animation.mesh.loop_vertices,
            loop_starts=animation.mesh.loop_starts,
        )


def read_npz(path: Path) -> Animation:
    """Read what :func:`write_npz` wrote.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    if not path.is_file():
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{path} does not exist. Check the name and the folder.")
    arrays = read_archive(path, tuple(_ARRAYS))
    if any(
        arrays[name].ndim != dimensions or arrays[name].dtype.kind not in kinds
        for name, (dimensions, kinds) in _ARRAYS.items()
    ):
        raise bad_file(str(path), "its arrays do not belong together")
    mesh = Mesh(arrays["neutral"], arrays["loop_vertices"], arrays["loop_starts"])
    animation = Animation(
        names=tuple(str(name) for name in arrays["names"]),
        curves=arrays["curves"],
        fps=float(arrays["fps"]),
        start_time=float(arrays["start_time"]),
        raw=arrays["raw"],
        mesh=mesh,
        shapes=arrays["shapes"],
    )
    channels, vertices = len(animation.names), len(mesh.vertices)
    if animation.shapes.shape != (channels, vertices, 3) or animation.curves.shape[1:] != (channels,):
        raise bad_file(str(path), "its arrays do not belong together")
    return animation
