"""Reading a head and finding its face, remembered of the last one: who moves a landmark asks for it again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from mmtalker.mapping.locate import Located, Networks, locate_face
from mmtalker.mapping.reading import HeadReading, read_mesh
from mmtalker.mesh.mesh import Mesh


def detect_face(mesh: Mesh, networks: Networks) -> tuple[HeadReading, Located | None]:
    """Read a head and look for its face; what comes back is shared and must not be written to.

    This is the half of a mapping on which landmarks that were moved have no bearing.

    Args:
        mesh: one that :func:`mmtalker.mesh.check.check_mesh` accepts.
        networks: what looks.

    Returns:
        The reading, and where the face is, None where no pixel shows one.
    """
    return _looked(_Question(_digest(mesh), networks, mesh))


@dataclass(frozen=True)
class _Question:
    """A mesh by its content, and who is asked."""

    digest: bytes
    networks: Networks
    mesh: Mesh = field(compare=False)


@lru_cache(maxsize=1)
def _looked(question: _Question) -> tuple[HeadReading, Located | None]:
    reading = read_mesh(question.mesh)
    # Of needles no triangle may be left.
    seen = len(reading.triangles) > 0
    return reading, locate_face(reading.vertices, reading.triangles, question.networks) if seen else None


def _digest(mesh: Mesh) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in (mesh.vertices, mesh.loop_vertices, mesh.loop_starts):
        digest.update(f"{array.dtype.str}:{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
