"""Fetches a Python for the backend where none on the machine fits: pinned, hashed, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from .errors import EngineCode, EngineError

PYTHON_FOLDER = "python"
"""The fetched Python's folder below the extension's user folder; the environment leans on it."""

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class FetchedPython:
    """What to fetch.

    Attributes:
        url: an archive with one folder ``python``.
        sha256: of the archive.
        size: its bytes, about.
        version: as in "3.13.14".
    """

    url: str
    sha256: str
    size: int
    version: str


def interpreter(folder: Path) -> Path:
    """Where a fetched Python keeps its interpreter."""
    return folder / "python.exe" if os.name == "nt" else folder / "bin" / "python3"


def plan_fetch(
    requirements: Path, system: str = sys.platform, machine: str | None = None
) -> FetchedPython | None:
    """Return what to fetch for a machine; None where there is none for it.

    Args:
        requirements: folder of the shipped requirement files.
        system: as ``sys.platform`` names it.
        machine: as ``platform.machine()`` names it; None for this one's.
    """
    try:
        table = json.loads((requirements / "python.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(
            EngineCode.BROKEN_EXTENSION,
            f"MMTalker lacks {requirements / 'python.json'}. Install the extension again.",
        ) from error
    entry = table["files"].get(f"{system} {(machine or platform.machine()).lower()}")
    if entry is None:
        return None
    url = table["base"] + entry["name"]
    return FetchedPython(url, entry["sha256"], table["megabytes"] * 10**6, table["version"])


def fetch_python(wanted: FetchedPython, scratch: Path, target: Path, look: Callable[[int], None]) -> Path:
    """Download, check, unpack below ``scratch`` and rename to ``target``; return the interpreter.

    Args:
        wanted: what to fetch.
        scratch: an existing folder on the disk of ``target``.
        target: the folder that the Python becomes; one that is there is replaced.
        look: called with the bytes so far; what it raises ends the download.

    Raises:
        EngineError: it cannot be reached, or is not the pinned one.
        OSError: from the disk.
    """
    archive = scratch / "python.tar.gz"
    digest = hashlib.sha256()
    with archive.open("wb") as file:
        for chunk in _chunks(wanted):
            file.write(chunk)
            digest.update(chunk)
            look(file.tell())
    if digest.hexdigest() != wanted.sha256:
        raise EngineError(
            EngineCode.SETUP_FAILED,
            "The Python that was downloaded is not the pinned one, so it was not installed. "
            "Try again; if it stays so, a proxy or mirror on your network hands out something else.",
        )
    with tarfile.open(archive) as packed:
        packed.extractall(scratch / "unpacked", filter="data")
    archive.unlink()
    if target.exists():
        shutil.rmtree(target)
    (scratch / "unpacked" / "python").rename(target)
    return interpreter(target)


def _chunks(wanted: FetchedPython) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(wanted.url, timeout=_TIMEOUT_SECONDS) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except (OSError, HTTPException) as error:
        raise EngineError(
            EngineCode.SETUP_FAILED,
            f"Python {wanted.version} could not be fetched from {wanted.url} ({error}). Check the network "
            "and press Set Up again, or install Python 3.13 yourself.",
        ) from error
