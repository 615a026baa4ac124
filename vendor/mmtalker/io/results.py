"""Writing an animation, in the file format that its name asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmtalker.animation import Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb_animation import write_glb
from mmtalker.io.live_link import write_live_link
from mmtalker.io.npz import write_npz

_WRITERS: dict[str, Callable[[Animation, Path], None]] = {
    ".csv": write_live_link,
    ".npz": write_npz,
    ".glb": write_glb,
}

RESULT_SUFFIXES = tuple(_WRITERS)
"""File name endings that :func:`write_animation` understands."""


def check_result_path(path: Path) -> None:
    """Raise ``FILE_FORMAT`` for an ending that is not written here, before any work is done for it."""
    if path.suffix.lower() not in _WRITERS:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} has an ending that is not written here. Choose one of {', '.join(RESULT_SUFFIXES)}.",
        )


def write_animation(animation: Animation, path: Path) -> None:
    """Write ``animation`` as Live Link Face csv, npz or glb; a file of that name is replaced as a whole.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` for another ending or a place that cannot be written to;
            ``DISK_FULL``.
    """
    check_result_path(path)
    _WRITERS[path.suffix.lower()](animation, path)
