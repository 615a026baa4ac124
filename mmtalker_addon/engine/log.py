"""Log files of child processes: one fresh for each start, the one before it kept."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO

from .errors import EngineCode, EngineError

_TAIL_BYTES = 4096


def open_log(path: Path) -> IO[bytes]:
    """Open a fresh log, keeping the one before it as ``<name>.1``.

    Raises:
        EngineError: its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError, PermissionError):
            # Windows does not rename what another Blender's worker writes to; both then share it.
            path.replace(path.with_name(path.name + ".1"))
        return path.open("ab")
    except OSError as error:
        raise EngineError(
            EngineCode.CANNOT_START,
            f"MMTalker cannot write its log {path} ({error.strerror or error}). "
            "Make its folder writable or free disk space.",
        ) from error


def log_tail(path: Path, lines: int = 8) -> tuple[str, ...]:
    """Return the last lines of a log that are not blank; empty where it cannot be read."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-lines:]
