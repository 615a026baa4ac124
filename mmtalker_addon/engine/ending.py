"""What the end of the worker means, read from how it ended and from its log."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Sequence

from .errors import EngineCode

_MEMORY_SIGNS = (
    "MemoryError",
    "bad_alloc",
    "allocate memory",
    "out of memory",
    "failed to map segment",
    "Memory allocation still failed",  # OpenBLAS
    "Thread creation failed",  # OpenMP
)
_NO_MEMORY_STATUS = 0xC0000017  # Windows

_ERROR_LINE = re.compile(
    r"^(Fatal Python error\b|[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|bad_alloc)\b)"
    r"|\b(ERROR|CRITICAL)\b|\b[Ee]rror:"
)
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_LONGEST = 200


def describe_end(code: int, log: Sequence[str]) -> tuple[EngineCode, str]:
    """Say how the worker ended, as the middle of a sentence, and whether memory was the reason.

    Args:
        code: its return code, negative for a signal.
        log: the last lines of its log.
    """
    cause = last_error(log)
    killed = sys.platform != "win32" and code == -signal.SIGKILL
    if killed or code == _NO_MEMORY_STATUS or any(sign in cause for sign in _MEMORY_SIGNS):
        what = "was ended by SIGKILL, most likely since" if killed else "ended, since"
        return EngineCode.OUT_OF_MEMORY, f"{what} memory ran out"
    how = _describe_code(code)
    return EngineCode.STOPPED, f"{how}: {cause.rstrip('.')}" if cause else how


def last_error(log: Sequence[str]) -> str:
    """Return the last line that tells of an error, else the last that no logger wrote; empty for none."""
    told = [line.strip() for line in log if _ERROR_LINE.search(line)]
    plain = [line.strip() for line in log if line.strip() and not _LOG_LINE.match(line)]
    line = next(iter(told[-1:] or plain[-1:]), "")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _describe_code(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"crashed with status 0x{code:08X}" if code > 0x7FFFFFFF else f"exited with code {code}"
