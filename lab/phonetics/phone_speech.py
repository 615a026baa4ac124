"""Phones with their times, and the description of a recording that lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError


@dataclass(frozen=True)
class Phone:
    """One phone in IPA letters, ``sil`` for a pause; seconds from the start of its recording."""

    name: str
    start: float
    end: float


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Read the ``phones`` of a clip's description.

    Raises:
        MMTalkerError: FILE_FORMAT when the file has none.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["phones"]
        return tuple(Phone(str(row["phone"]), float(row["start"]), float(row["end"])) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not describe the phones of a recording ({error})."
        ) from error
