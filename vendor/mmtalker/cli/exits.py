"""The exit codes of the command line, and which failure ends in which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.worker.failures import as_failure


class Exit(IntEnum):
    """Exit codes; ``EXPLANATION`` says what they mean."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    HEAD = 3
    AUDIO = 4
    MODEL = 5
    OUTPUT = 6
    INTERRUPTED = 130


EXPLANATION = """exit codes:
  0    done
  1    a fault of MMTalker, or not enough memory
  2    the command line is wrong
  3    the head cannot be read or used
  4    the audio cannot be read or used
  5    model weights or the chosen device are missing
  6    the result cannot be written
  130  interrupted; nothing was written

Set MMTALKER_DEBUG=1 to see where in the code an error arose."""

_EXIT_OF_CODE = {
    ErrorCode.BAD_REQUEST: Exit.USAGE,
    ErrorCode.BAD_MESH: Exit.HEAD,
    ErrorCode.UNSUPPORTED_HEAD: Exit.HEAD,
    ErrorCode.AUDIO_MISSING: Exit.AUDIO,
    ErrorCode.AUDIO_UNREADABLE: Exit.AUDIO,
    ErrorCode.AUDIO_EMPTY: Exit.AUDIO,
    ErrorCode.WEIGHTS_MISSING: Exit.MODEL,
    ErrorCode.DEVICE_UNAVAILABLE: Exit.MODEL,
    ErrorCode.DISK_FULL: Exit.OUTPUT,
}


class Stop(Exception):
    """Ends the program with a sentence, and a code that depends on what was being done."""

    def __init__(self, status: Exit, message: str) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def stopping_with(status: Exit) -> Iterator[None]:
    """Give a failure to read or write a file the exit code of what is being done.

    Raises:
        Stop: in place of an ``MMTalkerError`` or ``OSError`` inside the block.
    """
    try:
        yield
    except MMTalkerError as error:
        raise Stop(status, as_failure(error).message) from error
    except OSError as error:
        what = f"'{error.filename}'" if error.filename else "A file"
        raise Stop(status, f"{what} cannot be read or written: {error.strerror or error}.") from error


def explain(error: Exception) -> tuple[Exit, str]:
    """Return the exit code and the sentence for whatever ended a command."""
    if isinstance(error, Stop):
        return error.status, str(error)
    failure = as_failure(error)
    return _EXIT_OF_CODE.get(failure.code, Exit.INTERNAL), failure.message
