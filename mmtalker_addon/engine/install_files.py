"""The folders of an installation: measured while pip works in them, put in place, cleared away."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from .errors import EngineCode, EngineError

PARTIAL = "backend.partial-"
"""How the folder of an installation that runs begins."""

_ABANDONED_SECONDS = 600.0
"""Age without a sign of life at which another installation's folder counts as left behind."""


def put_in_place(environment: Path, target: Path, old: Path) -> None:
    """Rename the finished environment to its target; the one before it is moved out of the way first."""
    try:
        if target.exists():
            target.rename(old)
        try:
            environment.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except PermissionError as error:
        raise EngineError(
            EngineCode.SETUP_FAILED,
            f"{target} is in use or must not be replaced. Close other Blender windows and try again.",
        ) from error


def clear_abandoned(user_folder: Path) -> None:
    """Remove what an installation left that was killed together with its Blender."""
    for path in user_folder.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Return the size of the files in a folder and its subfolders; pip keeps its downloads one level down.

    pip moves and removes files and folders meanwhile: what has gone counts for nothing.
    """
    total = 0
    for place, folders, files in os.walk(folder):
        if Path(place) != folder:
            folders.clear()
        for name in files:
            with contextlib.suppress(OSError):
                total += Path(place, name).stat().st_size
    return total
