"""What the end of the worker means, read from how it ended and from its log."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import EngineCode

_MEMORY_SIGNS = (
    "MemoryError",
    "bad_alloc",
    "allocate memory",
    "out of memory",
    "not enough memory",
    "failed to map segment",
    "Memory allocation still failed",  # OpenBLAS
    "Thread creation failed",  # OpenMP
)
_NEARLY_ALL = 0.9
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
    reason = any(sign in line for line in _plain(log) for sign in _MEMORY_SIGNS)
    if killed or code == _NO_MEMORY_STATUS or reason:
        what = "was ended by SIGKILL, most likely since" if killed else "ended, since"
        return EngineCode.OUT_OF_MEMORY, f"{what} memory ran out"
    how = _describe_code(code)
    return EngineCode.STOPPED, f"{how}: {cause.rstrip('.')}" if cause else how


def last_error(log: Sequence[str]) -> str:
    """Return the last line that tells of an error, else the last that no logger wrote; empty for none."""
    reason = [line.strip() for line in log if _ERROR_LINE.search(line)]
    plain = _plain(log)
    line = next(iter(reason[-1:] or plain[-1:]), "")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def is_short_of_memory(process: int) -> bool:
    """True where a process on Linux is at its limit, or the whole machine at its end; elsewhere not known."""
    try:
        machine, own = (_kilobytes(Path(path)) for path in ("/proc/meminfo", f"/proc/{process}/status"))
        limits = Path(f"/proc/{process}/limits").read_text(encoding="utf-8")
        limit = re.search(r"^Max address space +(\d+)", limits, re.MULTILINE)
        if limit is not None and own["VmPeak"] * 1024 > _NEARLY_ALL * int(limit[1]):
            return True
        return machine["MemAvailable"] < (1.0 - _NEARLY_ALL) / 3.0 * machine["MemTotal"]
    except (OSError, ValueError, KeyError):
        return False


def _kilobytes(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if words[-1] == "kB"}


def _plain(log: Sequence[str]) -> list[str]:
    """Lines that no logger wrote, stripped."""
    return [
        line.strip()
        for line in log
        if line.strip() and not _LOG_LINE.match(line) and not line.startswith("Extension modules:")
    ]


def _describe_code(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"crashed with status 0x{code:08X}" if code > 0x7FFFFFFF else f"exited with code {code}"
