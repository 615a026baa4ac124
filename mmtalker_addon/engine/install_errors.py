"""What pip, venv and the file system say when setting up fails, turned into a sentence with a way out."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from .errors import EngineCode, EngineError

_TAIL = 8

_PIP_CAUSES: tuple[tuple[tuple[str, ...], EngineCode, str], ...] = (
    (
        ("No space left on device", "not enough space on the disk"),
        EngineCode.DISK_FULL,
        "The disk is full. Free some space and set the backend up again.",
    ),
    (
        ("DO NOT MATCH THE HASHES",),
        EngineCode.WRONG_PACKAGE,
        "A downloaded package is not the one that MMTalker was tested with, so nothing was installed. "
        "Try again; if it stays so, a proxy or mirror on your network hands out something else.",
    ),
    (
        ("NewConnectionError", "NameResolution", "Max retries", "ConnectTimeout", "ReadTimeout", "ProxyErr"),
        EngineCode.SETUP_FAILED,
        "The package index could not be reached. Check the network and try again: what has arrived is kept.",
    ),
    (
        ("No matching distribution", "is not a supported wheel"),
        EngineCode.SETUP_FAILED,
        "A package that the backend needs is not offered for this system or this Python. "
        "Name another Python that has them as Own Python in MMTalker's preferences.",
    ),
)


def explain_pip(output: Sequence[str], log_path: Path) -> EngineError:
    """Return the error for what pip printed before it gave up."""
    text = "\n".join(output)
    details = tuple(line for line in output if line.strip())[-_TAIL:]
    for signs, code, sentence in _PIP_CAUSES:
        if any(sign in text for sign in signs):
            return EngineError(code, f"{sentence} The log is {log_path}.", details)
    return EngineError(
        EngineCode.SETUP_FAILED,
        f"Installing the backend's packages failed. The log {log_path} says why.",
        details,
    )


def explain_venv(python: Path, output: Sequence[str], log_path: Path) -> EngineError:
    """Return the error for what ``python -m venv`` printed."""
    text = "\n".join(output)
    details = tuple(line for line in output if line.strip())[-_TAIL:]
    if "ensurepip" in text or "No module named venv" in text:
        sentence = (
            f"{python} cannot make virtual environments. Install its 'venv' part "
            "(on Debian and Ubuntu the package python3-venv), or set Own Python in MMTalker's preferences."
        )
    else:
        sentence = f"{python} could not make an environment. The log {log_path} says why."
    return EngineError(EngineCode.SETUP_FAILED, sentence, details)


def explain_os_error(error: OSError, folder: Path) -> EngineError:
    """Return the error for a file operation below ``folder`` that failed."""
    if error.errno == errno.ENOSPC:
        return EngineError(
            EngineCode.DISK_FULL, f"The disk of {folder} is full. Free some space and try again."
        )
    return EngineError(
        EngineCode.SETUP_FAILED,
        f"Setting the backend up failed: {error.strerror or error} ({error.filename or folder}). "
        "Make the folder writable and try again.",
    )
