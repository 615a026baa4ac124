"""Opening a file that the user named: its content, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.limits import MOST_FILE_BYTES, check_count

LONGEST_NAME = 400
"""Characters of a path that a message shows."""


def read_bytes(path: Path) -> bytes:
    """The whole content of ``path``.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when there is no such file, it is a folder, empty or not readable.
    """
    try:
        size = path.stat().st_size
        check_count(str(path), "bytes", size, MOST_FILE_BYTES, "Export the head alone, without textures.")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not exist. Check the name and the folder."
        ) from error
    except IsADirectoryError as error:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{path} is a folder. Choose a file inside it.") from error
    except (OSError, ValueError) as error:  # ValueError: a zero or half a character in the name
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{shown(path)} cannot be opened: {getattr(error, 'strerror', None) or error}. "
            "Check its name and its permissions.",
        ) from error
    if not content:
        raise bad_file(str(path), "it is empty")
    return content


def shown(path: Path | str) -> str:
    """A path as a message can carry it: not longer than a few lines, and of characters that exist."""
    text = str(path).encode("utf-8", errors="backslashreplace").decode()
    return (
        text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME // 2]}...{text[-LONGEST_NAME // 2 :]}"
    )


def bad_file(name: str, what: str) -> MMTalkerError:
    """The error for a file whose content is wrong; ``what`` completes "cannot be read: ..."."""
    return MMTalkerError(ErrorCode.FILE_FORMAT, f"{name} cannot be read: {what}. Export it again.")
