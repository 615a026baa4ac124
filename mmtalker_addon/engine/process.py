"""One life of the worker process: its pipes, the two threads that serve them, and its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import EngineCode, EngineError
from .wire import Frame, WireError, read_frame, write_parts

_TAIL_BYTES = 4096
_REAP_SECONDS = 2.0


@dataclass(frozen=True)
class StreamEnd:
    """The worker's output has ended; ``broken`` says what was wrong with it, None for a clean end."""

    broken: str | None


def child_environment() -> dict[str, str]:
    """Return this process's environment without PYTHON*, which would bend another interpreter."""
    return {key: value for key, value in os.environ.items() if not key.upper().startswith("PYTHON")}


def spawn(
    command: Sequence[str], *, stdin: int, stdout: int, stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, with no console window and unbuffered pipes.

    Raises:
        OSError: there is no such program, or it must not be run.
    """
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        own_group = False
    else:
        flags, own_group = 0, True
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        bufsize=0,
        env=child_environment(),
        creationflags=flags,
        start_new_session=own_group,
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child of :func:`spawn` and its own children, and reap it; harmless if it has ended."""
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    # One that is stuck inside the kernel dies as soon as that call returns.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_REAP_SECONDS)


def describe_exit(code: int) -> str:
    """Say how a process ended, from its return code, as the end of a sentence."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        return f"was ended by {name}{hint}"
    if code > 0x7FFFFFFF:
        return f"crashed with status 0x{code:08X}"
    return f"exited with code {code}"


def log_tail(path: Path, lines: int = 8) -> tuple[str, ...]:
    """Return the last lines of a log that are not blank; empty where it cannot be read."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-lines:]


class WorkerProcess:
    """A started worker.

    Attributes:
        incoming: frames as they came, and one :class:`StreamEnd` as the last entry.
        last_activity: ``time.monotonic()`` of the last frame read or written.
    """

    def __init__(self, command: Sequence[str], log_path: Path) -> None:
        """Start it.

        Raises:
            EngineError: it cannot be started, or its log cannot be written.
        """
        self.incoming: queue.SimpleQueue[Frame | StreamEnd] = queue.SimpleQueue()
        self.last_activity = time.monotonic()
        self._outgoing: queue.SimpleQueue[list[memoryview] | None] = queue.SimpleQueue()
        with _open_log(log_path) as log:
            try:
                self._process = spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
            except (OSError, ValueError) as error:
                raise EngineError(EngineCode.CANNOT_START, _start_sentence(command, error)) from error
        self._reader = threading.Thread(target=self._read, name="mmtalker-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="mmtalker-writer", daemon=True)
        self._reader.start()
        self._writer.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return code, negative for a signal; None while it runs."""
        return self._process.poll()

    def send(self, parts: list[memoryview]) -> None:
        """Queue one encoded frame; never waits for the worker to take it."""
        self._outgoing.put(parts)

    def wait(self, seconds: float) -> bool:
        """Wait for the worker's own end; False if it still runs after ``seconds``."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """Kill it if it runs, reap it, and close the pipes; may be called again."""
        kill_group(self._process)
        self._outgoing.put(None)
        for thread, stream in (
            (self._reader, self._process.stdout),
            (self._writer, self._process.stdin),
        ):
            thread.join(_REAP_SECONDS)
            # Closing under a thread that still waits could wait for ever; it is a daemon, so leave it.
            if stream is not None and not thread.is_alive():
                with contextlib.suppress(OSError):
                    stream.close()

    def _read(self) -> None:
        """Move frames to the queue until the stream ends."""
        assert self._process.stdout is not None
        broken: str | None = None
        try:
            while (frame := read_frame(self._process.stdout)) is not None:
                self.last_activity = time.monotonic()
                self.incoming.put(frame)
        except (WireError, OSError, ValueError, MemoryError) as error:
            broken = str(error) or type(error).__name__
        self.incoming.put(StreamEnd(broken))

    def _write(self) -> None:
        """Write queued frames until told to stop, or until the worker is gone (the reader sees that)."""
        assert self._process.stdin is not None
        while (parts := self._outgoing.get()) is not None:
            try:
                write_parts(self._process.stdin, parts)
            except (OSError, ValueError):
                return
            self.last_activity = time.monotonic()


def _open_log(path: Path) -> IO[bytes]:
    """Open a fresh log, keeping the one before it as ``<name>.1``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.replace(path.with_name(path.name + ".1"))
        return path.open("ab")
    except OSError as error:
        raise EngineError(
            EngineCode.CANNOT_START,
            f"MMTalker cannot write its log {path} ({error.strerror or error}). "
            "Make its folder writable or free disk space.",
        ) from error


def _start_sentence(command: Sequence[str], error: Exception) -> str:
    program = Path(command[0])
    if program.is_dir():
        why = "it is a folder"
    elif not program.exists():
        why = "there is no such file"
    elif isinstance(error, PermissionError):
        why = "it must not be run"
    else:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return (
        f"MMTalker's backend cannot be started with {program}: {why}. "
        "Set the backend up again, or choose another Python in the add-on's preferences."
    )
