"""Child processes that cannot hang or outlive what started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

_REAP_SECONDS = 2.0

if sys.platform == "win32":
    NO_WINDOW = subprocess.CREATE_NO_WINDOW
    _NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    NO_WINDOW = _NEW_GROUP = 0
"""Flags for Popen, 0 where there is no such thing; elsewhere a new session makes the group."""


def child_environment() -> dict[str, str]:
    """Return this process's environment without PYTHON*, which would bend another interpreter."""
    return {key: value for key, value in os.environ.items() if not key.upper().startswith("PYTHON")}


def spawn(
    command: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    stderr: int | IO[bytes],
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, so that a Ctrl-C here passes it by; no console window.

    Its pipes are unbuffered. ``environment`` is added to :func:`child_environment`.

    Raises:
        OSError: there is no such program, or it must not be run.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        bufsize=0,
        env={**child_environment(), **(environment or {})},
        creationflags=NO_WINDOW | _NEW_GROUP,
        start_new_session=sys.platform != "win32",
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child of :func:`spawn` and its own children, and reap it; harmless if it has ended."""
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
        else:
            kill_orphans(process)
    # One that is stuck inside the kernel dies as soon as that call returns.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)


def kill_orphans(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group of a child of :func:`spawn`: call it only while something is."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended this moment
            os.killpg(process.pid, signal.SIGKILL)
