"""The one error type that reaches a person: what is wrong, and what to do about it."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Machine-readable reason of a failure; the same words travel over the worker protocol."""

    BAD_REQUEST = "bad_request"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    BAD_MESH = "bad_mesh"
    UNSUPPORTED_HEAD = "unsupported_head"
    AUDIO_MISSING = "audio_missing"
    AUDIO_UNREADABLE = "audio_unreadable"
    AUDIO_EMPTY = "audio_empty"
    FILE_FORMAT = "file_format"
    WEIGHTS_MISSING = "weights_missing"
    DEVICE_UNAVAILABLE = "device_unavailable"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class MMTalkerError(Exception):
    """A failure that a person can act on.

    ``message`` is one or two full sentences: what was wrong, with what, and what to do next.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Cancelled(MMTalkerError):
    """Raised inside a running job once its cancellation was asked for."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.CANCELLED, "The job was cancelled.")
