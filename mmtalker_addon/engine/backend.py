"""Which interpreter runs the backend, or the sentence why none does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError
from .paths import ADDON_ROOT, find_requirements, find_vendor, is_checkout
from .stamp import is_current, made_with

BACKEND_VARIABLE = "MMTALKER_BACKEND_PYTHON"
BACKEND_FOLDER = "backend"
"""The installed environment's folder below the extension's user folder."""


@dataclass(frozen=True)
class Backend:
    """A Python that can run the backend.

    Attributes:
        python: the interpreter.
        vendor: the folder with the backend's package.
        found: how it was found, for a label in the preferences.
    """

    python: Path
    vendor: Path
    found: str

    @property
    def command(self) -> tuple[str, ...]:
        """Program and arguments of the worker, isolated from the user's own Python settings."""
        return (str(self.python), "-I", "-u", str(self.vendor), "worker")


@dataclass(frozen=True)
class NoBackend:
    """There is none; ``reason`` says so to the artist, and what to do."""

    reason: str


def environment_python(folder: Path) -> Path:
    """Return where a virtual environment keeps its interpreter on this system."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def find_backend(
    preference: str = "",
    user_folder: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    addon_root: Path = ADDON_ROOT,
    find_problem: Callable[[Path], str] = lambda python: "",
) -> Backend | NoBackend:
    """Look for the interpreter; a few file look-ups, quick enough for a panel's poll.

    What was named explicitly is used or complained about, never passed over in silence.

    Args:
        preference: path from the add-on's preferences, empty for none.
        user_folder: the extension's user folder, below which ``install`` puts the environment.
        environ: environment variables; ``MMTALKER_BACKEND_PYTHON`` is read.
        addon_root: where the add-on lies.
        find_problem: says why a Python from the preferences cannot run the backend; empty where it can.
    """
    try:
        vendor = find_vendor(addon_root)
    except EngineError as error:
        return NoBackend(error.message)
    for text, where, look in (
        (preference, "the add-on's preferences", find_problem),
        (environ.get(BACKEND_VARIABLE, ""), BACKEND_VARIABLE, lambda python: ""),
    ):
        if not text.strip():
            continue
        python = Path(text.strip()).expanduser()
        if python.is_file() and os.access(python, os.X_OK):
            problem = look(python)
            if problem:
                return NoBackend(f"The Python set in {where} cannot be used: {problem} Or clear it.")
            return Backend(python, vendor, f"set in {where}")
        return NoBackend(f"The Python set in {where} cannot be run: {python}. Correct it or clear it.")
    if user_folder is not None:
        python = environment_python(user_folder / BACKEND_FOLDER)
        if python.is_file():
            return _installed(python, vendor, user_folder / BACKEND_FOLDER, addon_root)
    if is_checkout(addon_root):
        python = environment_python(vendor.parent / ".venv")
        if python.is_file():
            return Backend(python, vendor, "the checkout's .venv")
    return NoBackend(
        "MMTalker's backend, which runs its speech model, is not set up yet: Set Up installs it."
    )


def _installed(python: Path, vendor: Path, folder: Path, addon_root: Path) -> Backend | NoBackend:
    try:
        current = is_current(folder, find_requirements(addon_root))
    except EngineError as error:
        return NoBackend(error.message)
    if not current:
        return NoBackend(
            "MMTalker's backend was set up for another version of the add-on: press Set Up once more."
        )
    with_python = made_with(folder)
    return Backend(python, vendor, "set up by the add-on" + (f" with {with_python}" if with_python else ""))
