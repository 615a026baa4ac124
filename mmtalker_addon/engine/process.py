"""One life of the worker process: its pipes, the two threads that serve them, and its end."""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .child import kill_group, kill_orphans, spawn
from .errors import EngineCode, EngineError
from .log import open_log, write_line
from .wire import Frame, WireError, read_frame, write_parts

_JOIN_SECONDS = 1.0
_ORPHAN_SECONDS = 0.1

PARENT_VARIABLE = "MMTALKER_PARENT"
"""Tells the worker the process that it must not outlive (``worker/parent.py``)."""


@dataclass(frozen=True)
class StreamEnd:
    """The worker's output has ended; ``broken`` says what was wrong with it, None for a clean end."""

    broken: str | None


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
        with open_log(log_path) as log:
            write_line(log, f"MMTalker starts its backend: {shlex.join(command)}")
            try:
                self._process = spawn(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    environment=_parent_variable(),
                )
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
        if self._reader.is_alive():
            self._reader.join(_ORPHAN_SECONDS)
            if self._reader.is_alive():  # then a child of the worker's holds its output open
                kill_orphans(self._process)
        self._outgoing.put(None)
        for thread, stream in (
            (self._reader, self._process.stdout),
            (self._writer, self._process.stdin),
        ):
            thread.join(_JOIN_SECONDS)
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
                del frame  # megabytes, which nobody should hold while the next one is waited for
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
            del parts


def _parent_variable() -> dict[str, str]:
    # The kernel tells a child of the end of the thread that started it, not of the whole process.
    main = threading.current_thread() is threading.main_thread()
    return {PARENT_VARIABLE: f"{os.getpid()} {'process' if main else 'thread'}"}


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
        "Press Set Up Again, or set another Own Python, in MMTalker's preferences."
    )
