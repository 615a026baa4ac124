"""Opening a file that the user named: its content, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError


def read_bytes(path: Path) -> bytes:
    """The whole content of ``path``.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when there is no such file, it is a folder, empty or not readable.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not exist. Check the name and the folder."
        ) from error
    except IsADirectoryError as error:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{path} is a folder. Choose a file inside it.") from error
    except OSError as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} cannot be opened: {error.strerror or error}. Check its permissions.",
        ) from error
    if not content:
        raise bad_file(str(path), "it is empty")
    return content


def bad_file(name: str, what: str) -> MMTalkerError:
    """The error for a file whose content is wrong; ``what`` completes "cannot be read: ..."."""
    return MMTalkerError(ErrorCode.FILE_FORMAT, f"{name} cannot be read: {what}. Export it again.")
