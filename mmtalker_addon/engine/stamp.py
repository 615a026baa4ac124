"""What a set-up environment was made from, so that an updated extension notices an outdated one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

_NAME = "mmtalker-backend.json"


def write_stamp(environment: Path, requirements: Iterable[Path], python: str) -> None:
    """Record in the environment the requirement files that it holds, and which Python made it."""
    files = {path.name: _digest(path) for path in requirements}
    stamp = {"requirements": files, "python": python}
    (environment / _NAME).write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def made_with(environment: Path) -> str:
    """Which Python made the environment, as the end of a sentence; empty where that is not known."""
    try:
        return str(json.loads((environment / _NAME).read_text(encoding="utf-8"))["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_current(environment: Path, requirements_folder: Path) -> bool:
    """True where every requirement file that the environment was made from is still the shipped one."""
    try:
        files = json.loads((environment / _NAME).read_text(encoding="utf-8"))["requirements"]
        return all(_digest(requirements_folder / name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
