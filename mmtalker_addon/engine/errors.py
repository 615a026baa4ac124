"""The one error of the engine: a word for the code and a sentence for the artist."""

from __future__ import annotations

from enum import StrEnum


class EngineError(Exception):
    """A failure that an artist can act on.

    Attributes:
        code: a word of the protocol's error table, or one of :class:`EngineCode`.
        message: one or two full sentences: what was wrong, with what, and what to do next.
        details: lines of a log, for a details box or the console.
    """

    def __init__(self, code: str, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = str(code)
        self.message = message
        self.details = details


class EngineCode(StrEnum):
    """Failures that this side finds; those that the worker names are in docs/protocol.md."""

    CANNOT_START = "worker_cannot_start"
    STOPPED = "worker_stopped"
    BROKEN_FRAME = "worker_broken_frame"
    SILENT = "worker_silent"
    BAD_RESULT = "worker_bad_result"
    BAD_REQUEST = "bad_request"
    MISMATCH = "protocol_mismatch"
    CANCELLED = "cancelled"
    BROKEN_EXTENSION = "extension_incomplete"
    OFFLINE = "offline"
    DISK_FULL = "disk_full"
    OUT_OF_MEMORY = "out_of_memory"
    SETUP_FAILED = "setup_failed"
    WRONG_PACKAGE = "wrong_package"
