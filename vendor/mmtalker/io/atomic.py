"""Writing a file whole or not at all, with a sentence for the user when the disk says no."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""What the system says when a disk, or a user's share of it, is full."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes the place of ``path``.

    Missing folders are created. When the block raises, the temporary file is removed and a file that was
    at ``path`` before is as it was.

    Raises:
        MMTalkerError: ``DISK_FULL``, or ``FILE_FORMAT`` where the place cannot be written to.
    """
    if path.is_dir():
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} is a folder. Give the name of a file to write inside it."
        )
    # The suffix stays last: some writers add their own when it is missing.
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - one atomic system call, and what the tests make fail
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def _explained(error: OSError, path: Path) -> MMTalkerError:
    if error.errno in NO_ROOM:
        return MMTalkerError(
            ErrorCode.DISK_FULL,
            f"The disk has no room for {path}. Nothing was written; free some space and try again.",
        )
    reason = error.strerror or str(error)
    return MMTalkerError(
        ErrorCode.FILE_FORMAT,
        f"{path} cannot be written: {reason}. Choose a folder that you may write to.",
    )
