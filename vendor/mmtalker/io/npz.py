"""An animation as one NumPy archive: everything, exactly, for scripts and for our own tools.

Arrays: ``names`` (K) text; ``curves`` (T, K), ``fps``, ``start_time``; ``raw`` (R, K) and ``raw_rate``;
``neutral`` (V, 3); ``shapes`` (K, V, 3) displacements; ``loop_vertices`` and ``loop_starts``, the polygons
as in :class:`mmtalker.mesh.mesh.Mesh`. There are no Python objects in it.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from mmtalker.animation import RAW_RATE, Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.io.inputs import bad_file
from mmtalker.mesh.mesh import Mesh


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
    try:
        with np.load(path, allow_pickle=False) as archive:
            mesh = Mesh(archive["neutral"], archive["loop_vertices"], archive["loop_starts"])
            animation = Animation(
                names=tuple(str(name) for name in archive["names"]),
                curves=archive["curves"],
                fps=float(archive["fps"]),
                start_time=float(archive["start_time"]),
                raw=archive["raw"],
                mesh=mesh,
                shapes=archive["shapes"],
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError) as error:
        raise bad_file(str(path), "it is not an animation, or it is damaged") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise bad_file(str(path), "the archive is damaged") from error
    channels, vertices = len(animation.names), len(mesh.vertices)
    if animation.shapes.shape != (channels, vertices, 3) or animation.curves.shape[1:] != (channels,):
        raise bad_file(str(path), "its arrays do not belong together")
    return animation
