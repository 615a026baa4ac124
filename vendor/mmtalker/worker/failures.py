"""Turns whatever went wrong into the one error type that a person can act on."""

from __future__ import annotations

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import NO_ROOM
from mmtalker.memory import is_memory_short, is_out_of_memory


def as_failure(error: BaseException) -> MMTalkerError:
    """Return ``error`` itself if it is ours already, else the failure that it means.

    Where memory ran out under something, such as the reading of weights, that is what is told.
    """
    if is_out_of_memory(error) or (not isinstance(error, MMTalkerError) and is_memory_short()):
        return MMTalkerError(
            ErrorCode.OUT_OF_MEMORY,
            "There was not enough memory for this job. Close other programs, use a shorter part of the audio "
            "or a lighter head, or choose the CPU instead of the graphics card.",
        )
    if isinstance(error, MMTalkerError):
        return error
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        where = f" that holds '{error.filename}'" if error.filename else ""
        return MMTalkerError(
            ErrorCode.DISK_FULL, f"The disk{where} is full. Free some space on it and try again."
        )
    if isinstance(error, ImportError) and error.name and not error.name.startswith("mmtalker"):
        return MMTalkerError(
            ErrorCode.INTERNAL,
            f"The model runtime is incomplete: '{error.name}' cannot be loaded ({error}). Set it up again.",
        )
    text = str(error).strip()
    what = type(error).__name__ + (f": {text.splitlines()[0]}" if text else "")
    return MMTalkerError(
        ErrorCode.INTERNAL,
        f"MMTalker failed in a way that it should not ({what}). Try again; if it comes back, report it.",
    )
