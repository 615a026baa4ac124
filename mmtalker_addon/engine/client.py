"""The conversation with the worker: numbered requests out, events in, a sentence for every way it ends."""

from __future__ import annotations

import atexit
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .ending import describe_end, is_short_of_memory
from .errors import EngineCode, EngineError
from .log import log_tail, write_line
from .process import StreamEnd, WorkerProcess
from .wire import Array, Frame, WireError, encode_frame

_EXIT_GRACE = 0.5
"""Seconds in which the worker's exit may follow the end of its output, or the other way round."""

_ERROR_LINES = 100
"""How far back in the log the error is looked for that a worker ended by."""


@dataclass(frozen=True)
class Reply:
    """The answer to a request: ``frame.id`` is the request's number."""

    frame: Frame


@dataclass(frozen=True)
class Progress:
    """How far a request is: a stage's word and 0..1 of that request."""

    id: int
    stage: str
    fraction: float


@dataclass(frozen=True)
class Failure:
    """The worker refused or failed a request, and lives on; ``details`` are log lines of a fault of ours."""

    id: int
    code: str
    message: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkerLost:
    """The worker is gone, and every open request with it; ``start`` brings a new one.

    Attributes:
        code: ``EngineCode.STOPPED``, ``BROKEN_FRAME`` or ``SILENT``.
        message: one sentence for the artist, naming the log.
        log_path: the worker's log.
        log_tail: its last lines, for a details box or the console.
    """

    code: str
    message: str
    log_path: Path
    log_tail: tuple[str, ...]


_WHAT_TO_DO = {
    EngineCode.OUT_OF_MEMORY: "Close other programs, use a shorter part of the audio or a lighter head, "
    "and try again"
}

Event = Reply | Progress | Failure | WorkerLost


class WorkerClient:
    """The worker as the add-on sees it: started at need, replaceable after any accident.

    No method but ``shutdown`` waits for the worker. All methods belong to one thread.

    Attributes:
        command: program and arguments of the worker.
        log_path: where its standard error goes; the log before it is kept as ``<name>.1``.
        silence_limit: seconds without any frame, while a request is open, after which it counts as hung.
        start_limit: the same until it has greeted, since a cold disk takes its time to load torch.
        cache_dir: folder that the worker may cache in, or None.
        device: ``auto``, ``cpu`` or ``cuda``.
        greeting: what this worker answered to ``hello``; None until it has.
    """

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        silence_limit: float = 60.0,
        *,
        start_limit: float = 180.0,
        cache_dir: Path | None = None,
        device: str = "auto",
    ) -> None:
        self.command = tuple(command)
        self.log_path = log_path
        self.silence_limit = silence_limit
        self.start_limit = start_limit
        self.cache_dir = cache_dir
        self.device = device
        self.greeting: dict[str, Any] | None = None
        self._process: WorkerProcess | None = None
        self._open: set[int] = set()
        self._last_id = 0
        self._patient_since = 0.0
        self._polled_at = 0.0
        self._stream_end: tuple[StreamEnd, float] | None = None
        self._exit_seen: float | None = None

    @property
    def running(self) -> bool:
        """True while the worker's process lives."""
        return self._process is not None and self._process.exit_code is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start a worker; nothing happens if one runs.

        Raises:
            EngineError: it cannot be started; the sentence says why.
        """
        if self.running:
            return
        self.kill()
        self._process = WorkerProcess(self.command, self.log_path)
        atexit.register(self.kill)

    def send(
        self, kind: str, fields: Mapping[str, Any] | None = None, arrays: Mapping[str, Array] | None = None
    ) -> int:
        """Queue a request and return its number; returns at once however large the arrays are.

        The arrays are not copied: leave them as they are until the answer has come.

        Raises:
            EngineError: no worker was started, or the request is too large for the protocol.
        """
        if self._process is None:
            raise EngineError(EngineCode.STOPPED, "MMTalker's backend is not running. Start it first.")
        number = self._last_id + 1
        try:
            parts = encode_frame({**(fields or {}), "type": kind, "id": number}, arrays)
        except WireError as error:
            raise EngineError(
                EngineCode.BAD_REQUEST, f"This cannot be sent to MMTalker's backend: {error}."
            ) from error
        self._last_id = number
        self._open.add(number)
        self._patient_since = time.monotonic()
        self._process.send(parts)
        return number

    def cancel(self, target: int) -> int:
        """Ask the worker to give up request ``target``; returns the number of the asking."""
        return self.send("cancel", {"target": target})

    def poll(self) -> list[Event]:
        """Return what has come since the last call, without waiting; call it several times a second."""
        events: list[Event] = []
        process = self._process
        if process is None:
            return events
        while not process.incoming.empty():
            item = process.incoming.get()
            if isinstance(item, StreamEnd):
                self._stream_end = (item, time.monotonic())
            else:
                events.append(self._event(item))
        lost = self._find_loss(process)
        if lost is not None:
            events.append(lost)
        return events

    def shutdown(self, grace: float = 2.0) -> None:
        """Ask the worker to end, wait for at most ``grace`` seconds, then kill it."""
        if self._process is not None and self.running:
            self.send("shutdown")
            self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """End the worker at once, if there is one; open requests get no answer."""
        process, self._process = self._process, None
        self._open.clear()
        self._stream_end = self._exit_seen = None
        self.greeting = None
        if process is not None:
            process.end()
            atexit.unregister(self.kill)

    def _event(self, frame: Frame) -> Event:
        if frame.type == "progress":
            fraction = frame.fields.get("fraction")
            if not isinstance(fraction, (int, float)) or not 0.0 <= fraction <= 1.0:
                fraction = 0.0
            return Progress(frame.id, str(frame.fields.get("stage", "")), float(fraction))
        self._open.discard(frame.id)
        if frame.type == "error":
            code = str(frame.fields.get("code") or "internal")
            message = str(frame.fields.get("message") or "MMTalker's backend failed. Try again.")
            return Failure(frame.id, code, message, log_tail(self.log_path) if code == "internal" else ())
        if frame.type == "hello":
            self.greeting = dict(frame.fields)
        return Reply(frame)

    def _find_loss(self, process: WorkerProcess) -> WorkerLost | None:
        """Return why the worker counts as lost, and end it; None while all is well."""
        now = time.monotonic()
        if self._stream_end is not None:
            end, since = self._stream_end
            exit_code = process.exit_code
            if exit_code is not None:
                after = f"sent an unreadable message ({end.broken}) and then " if end.broken else ""
                return self._lose_ended(exit_code, after)
            if now - since < _EXIT_GRACE:
                return None
            if end.broken:
                return self._lose(EngineCode.BROKEN_FRAME, f"sent an unreadable message ({end.broken})")
            return self._lose(EngineCode.STOPPED, "closed its output and had to be ended")
        if process.exit_code is not None:
            # A child of its own may hold its output open for as long as it lives.
            self._exit_seen = self._exit_seen or now
            if now - max(self._exit_seen, process.last_activity) < _EXIT_GRACE:
                return None
            return self._lose_ended(process.exit_code)
        limit = self.start_limit if self.greeting is None else self.silence_limit
        if now - self._polled_at > limit:
            self._patient_since = now  # we slept ourselves, perhaps with the computer: no verdict yet
        self._polled_at = now
        if self._open and now - max(process.last_activity, self._patient_since) > limit:
            short = is_short_of_memory(process.pid)
            code, why = (
                (EngineCode.OUT_OF_MEMORY, ", most likely since memory ran out,")
                if short
                else (EngineCode.SILENT, "")
            )
            return self._lose(code, f"gave no sign of life for {limit:g} s{why} and had to be ended")
        return None

    def _lose_ended(self, exit_code: int, before: str = "") -> WorkerLost:
        code, what = describe_end(exit_code, log_tail(self.log_path, _ERROR_LINES))
        return self._lose(code, f"{before}{what}")

    def _lose(self, code: EngineCode, what: str) -> WorkerLost:
        self.kill()
        tail = log_tail(self.log_path)
        with contextlib.suppress(OSError), self.log_path.open("ab") as log:
            write_line(log, f"MMTalker's backend {what}.")
        return WorkerLost(
            code,
            f"MMTalker's backend {what}. {_WHAT_TO_DO.get(code, 'Try again')}; if it happens again, its log "
            f"{self.log_path} says more.",
            self.log_path,
            tail,
        )
