"""Reading a head, whatever its file format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb import parse_glb
from mmtalker.io.inputs import read_bytes
from mmtalker.io.obj import parse_obj
from mmtalker.io.ply import parse_ply
from mmtalker.mesh.mesh import Mesh

_PARSERS: dict[str, Callable[[bytes, str], Mesh]] = {".obj": parse_obj, ".ply": parse_ply, ".glb": parse_glb}

HEAD_SUFFIXES = tuple(_PARSERS)
"""File name endings that :func:`read_head` understands."""


def read_head(path: Path) -> Mesh:
    """Read a head from an obj, ply or glb file; units, axes and the order of vertices stay the file's own.

    Whether the geometry is a head, and sound, is not looked at here.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` for a missing, damaged or unknown kind of file.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} has an ending that is not read here. Export the head as {', '.join(HEAD_SUFFIXES)}.",
        )
    return parse(read_bytes(path), str(path))
