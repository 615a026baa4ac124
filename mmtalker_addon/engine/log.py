"""Log files of child processes: one fresh for each start, the one before it kept."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import IO

from .errors import EngineCode, EngineError

_TAIL_BYTES = 1 << 16
_KEPT_LOGS = 5


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


def write_line(log: IO[bytes], text: str) -> None:
    """Add a line of ours, with the time as the worker's own lines have it."""
    log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n".encode("utf-8", errors="replace"))
    log.flush()


def worker_log(folder: Path) -> Path:
    """Return where this process's worker logs: two Blenders at a time must not share a file."""
    return folder / f"worker-{os.getpid()}.log"


def latest_worker_log(folder: Path) -> Path | None:
    """Return this process's log, or where it has none yet the newest of an earlier one; None for none."""
    own = worker_log(folder)
    return own if own.is_file() else next(iter(_worker_logs(folder)), None)


def remove_old_worker_logs(folder: Path) -> None:
    """Remove all but the newest few, which no later process would ever write over."""
    for path in _worker_logs(folder)[_KEPT_LOGS:]:
        with contextlib.suppress(OSError):  # on Windows one that is still written to stays
            path.unlink()


def _worker_logs(folder: Path) -> list[Path]:
    """Logs of any process's workers, the newest first."""
    found = []
    for path in folder.glob("worker-*.log*"):
        with contextlib.suppress(OSError):  # removed by another Blender meanwhile
            found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def log_tail(path: Path, lines: int = 8) -> tuple[str, ...]:
    """Return the last lines of a log that are not blank; empty where it cannot be read."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-lines:]
