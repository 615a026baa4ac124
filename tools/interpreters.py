"""Finds the Pythons that Blender's modules are made for; ``-m tools.interpreters 3.13`` prints one's path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.console import Fault, environment, say

BLENDER_OF_PYTHON = {"3.11": "4.5", "3.13": "5.2"}
PYTHON_OF_BLENDER = {blender: python for python, blender in BLENDER_OF_PYTHON.items()}


@dataclass(frozen=True)
class Interpreter:
    path: Path
    version: str  # as in "3.11"


def running() -> Interpreter:
    return Interpreter(Path(sys.executable), f"{sys.version_info.major}.{sys.version_info.minor}")


def find(version: str) -> Interpreter | None:
    """The running Python if it has this version, else one from PATH, pyenv or the Windows launcher."""
    if running().version == version:
        return running()
    for candidate in _candidates(version):
        # Asked by running it: a pyenv shim, for one, is there and still may not work.
        probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"
        try:
            answer = subprocess.run(
                [*candidate, "-c", probe],
                env=environment(),
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            ).stdout.split("\n")
        except (OSError, subprocess.SubprocessError):
            continue
        if answer[0] == version:
            return Interpreter(Path(answer[1]), version)
    return None


def choose() -> Interpreter:
    """The Python for ``.venv``: this one where there is a Blender for it, else a suitable one found here.

    Raises:
        Fault: there is none.
    """
    here = running()
    if here.version in BLENDER_OF_PYTHON:
        return here
    for version, blender in BLENDER_OF_PYTHON.items():
        found = find(version)
        if found is not None:
            say(
                f"Blender as a module is not made for Python {here.version}; "
                f"going on with Python {version} (Blender {blender}) at {found.path}"
            )
            return found
    raise Fault(
        "Blender as a module is made for Python 3.11 (Blender 4.5) and 3.13 (Blender 5.2); this is Python "
        f"{here.version}, and neither was found on PATH or under pyenv. Install one of them and run this "
        "again with it, for example: python3.11 build.py demo"
    )


def _candidates(version: str) -> Iterator[list[str]]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield [on_path]
    roots = {Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")}
    pyenv = shutil.which("pyenv")
    if pyenv:
        roots.add(Path(pyenv).resolve().parent.parent)
    for root in sorted(roots):
        for folder in sorted(root.glob(f"versions/{version}*"), reverse=True):
            yield [str(folder / "bin" / "python")]
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher:
        yield [launcher, f"-{version}"]


if __name__ == "__main__":
    result = find(sys.argv[1]) if len(sys.argv) == 2 else None
    print(result.path if result else "none", file=sys.stdout if result else sys.stderr)
    sys.exit(0 if result else 1)
