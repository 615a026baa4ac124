"""Finds a Python on this machine that the backend's packages are made for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUPPORTED_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Versions that the requirement files hold packages for."""

_PREFERRED = ((3, 13), (3, 12), (3, 11), (3, 14))
"""In which order others than Blender's own are looked for."""

_PROBE = """
import ensurepip, sys, sysconfig, venv
print(*sys.version_info[:3])
fits = sys.maxsize > 2**32 and sys.implementation.name == "cpython"
sys.exit(not fits or bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
"""
"""Fails where no environment can be made, or no wheels are: 32 bits, not CPython, free-threaded."""

Version = tuple[int, ...]
Ask = Callable[[Sequence[str]], tuple[int, list[str]]]
"""Runs a command; returns its status and the lines that it printed."""


@dataclass(frozen=True)
class FoundPython:
    """A Python that can make the backend's environment.

    Attributes:
        path: the interpreter.
        version: as in (3, 13, 2).
        origin: how it came to be, as the end of a sentence: "found on this machine".
    """

    path: Path
    version: Version
    origin: str

    @property
    def title(self) -> str:
        return f"Python {'.'.join(map(str, self.version))}, {self.origin}"


def name_version(version: Version) -> str:
    return ".".join(map(str, version[:2]))


def ask_version(python: Path, ask: Ask) -> Version | None:
    """Return the version of a Python that can make an environment; None where it cannot."""
    try:
        status, output = ask([str(python), "-I", "-c", _PROBE])
    except OSError:  # a shim without its program, a file of another system
        return None
    numbers = tuple(int(word) for word in output[-1].split() if word.isdigit()) if output else ()
    return numbers if status == 0 and len(numbers) >= 2 else None


def find_python(
    first: Path,
    ask: Ask,
    versions: Sequence[Version] = SUPPORTED_PYTHONS,
    *,
    own: Path | None = None,
    search: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> FoundPython | None:
    """Return the first Python that fits, or None.

    Args:
        first: the one to try before any other; in Blender its own.
        ask: runs a command.
        versions: which ones fit.
        own: a Python that an earlier Set Up fetched.
        search: look for others on the machine too.
        environ: environment variables; PATH and where others keep their Pythons are read.
    """
    wanted = [version[:2] for version in versions]
    candidates = [(first, "Blender's own"), *([(own, "fetched by Set Up")] if own is not None else [])]
    for path, origin in candidates:
        version = ask_version(path, ask) if path.is_file() else None
        if version is not None and version[:2] in wanted:
            return FoundPython(path, version, origin)
    seen = {first}
    for path in _others(environ, wanted) if search else ():
        if path in seen:
            continue
        seen.add(path)
        version = ask_version(path, ask)
        if version is not None and version[:2] in wanted:
            return FoundPython(path, version, f"found at {path}")
    return None


def _others(environ: Mapping[str, str], wanted: Sequence[Version]) -> Iterator[Path]:
    """Interpreters that are there, the preferred versions first."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    for version in _PREFERRED:
        if version in wanted:
            name = name_version(version)
            on_path = shutil.which(f"python{name}", path=environ.get("PATH", ""))
            if on_path:
                yield Path(on_path)
            for folder, pattern in _places(name, home, environ):
                yield from sorted((path for path in folder.glob(pattern) if path.is_file()), reverse=True)
    for name in ("python3", "python"):
        on_path = shutil.which(name, path=environ.get("PATH", ""))
        if on_path:
            yield Path(on_path)


def _places(name: str, home: Path, environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Folders, and patterns in them, where installers put a Python of this version, such as "3.13"."""
    if sys.platform == "win32":
        local = Path(environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        yield local / "Programs" / "Python", f"Python{name.replace('.', '')}/python.exe"
        yield (
            Path(environ.get("PROGRAMFILES", "C:/Program Files")),
            f"Python{name.replace('.', '')}/python.exe",
        )
        yield Path(environ.get("APPDATA", home)) / "uv" / "python", f"cpython-{name}.*/python.exe"
        return
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    yield pyenv / "versions", f"{name}.*/bin/python{name}"
    yield (
        Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "uv/python",
        (f"cpython-{name}.*/bin/python{name}"),
    )
    for folder in ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"):
        yield Path(folder), f"python{name}"
    yield Path("/Library/Frameworks/Python.framework/Versions"), f"{name}/bin/python{name}"
