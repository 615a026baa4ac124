"""Pins every requirement with its hashes, after a ``.in`` file was changed: ``tools/lock.py [--upgrade]``.

Wants ``uv`` on the PATH. Locks hold for every platform and for Python 3.11 and newer. Without ``--upgrade``
what is pinned already stays as it is. ``torch-cpu.txt`` and ``encoder.txt`` are written by hand and say why.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"


@dataclass(frozen=True)
class Lock:
    """One lock file and how it hangs together with the others."""

    name: str
    python: str = "3.11"  # the oldest Python that it is for
    only: bool = False  # and no other one: pins for newer Pythons do not bind it
    agrees_with: tuple[str, ...] = ()
    elsewhere: tuple[
        str, ...
    ] = ()  # locks that are always installed with it and whose packages it leaves out


# In this order: each may lean on those before it.
LOCKS = (
    Lock("backend"),
    Lock("dev", agrees_with=("backend",)),
    Lock("blender-4.5", only=True, agrees_with=("backend", "dev")),
    Lock("blender-5.2", python="3.13", agrees_with=("backend", "dev")),
    Lock("torch-cuda", agrees_with=("backend",), elsewhere=("backend",)),
    Lock("train", agrees_with=("backend", "dev"), elsewhere=("backend", "dev")),
)

WINDOWS_CUDA = """\
# PyTorch's own CUDA index has it for Windows. Its hash for Python 3.11 is not known to us, so Python 3.11 on
# Windows gets the CPU build.
torch==2.13.0+cu130 ; sys_platform == "win32" and python_version == "3.13" \\
    --hash=sha256:cf23236e9deed7d3510d14d9b9592d75d272ef7b35bbfee31a02bea339c73971
"""


def pins(name: str) -> list[str]:
    """Lines of a lock file without their hashes: ``package==version ; marker``."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.rstrip(" \\") for line in lines if line[:1].isalnum()]


def constraints(lock: Lock) -> list[str]:
    """Pins that ``lock`` has to respect."""
    found = [pin for other in lock.agrees_with for pin in pins(other)]
    return [pin for pin in found if not (lock.only and "python_full_version >=" in pin)]


def compile_lock(lock: Lock, folder: Path, upgrade: bool) -> None:
    """Let uv resolve ``lock.name``.in and write ``lock.name``.txt; ``folder`` is for scratch files."""
    source, target = REQUIREMENTS / f"{lock.name}.in", REQUIREMENTS / f"{lock.name}.txt"
    bounds = folder / f"{lock.name}.constraints"
    bounds.write_text("\n".join(constraints(lock)), encoding="utf-8")
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", lock.python]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--constraints", str(bounds)]
    for other in lock.elsewhere:
        for pin in pins(other):
            command += ["--no-emit-package", pin.split("==")[0]]
    if lock.name == "train":  # anny asks for torch, which has locks of its own
        command += ["--override", str(REQUIREMENTS / "train-override.in"), "--no-emit-package", "torch"]
    if upgrade:
        command.append("--upgrade")
    subprocess.run([*command, str(source), "--output-file", str(target)], check=True)
    # uv names what it left out in comments, which LOCKS already says.
    lines = [
        line for line in target.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    text = f"# Made from {lock.name}.in by tools/lock.py; do not edit.\n" + "\n".join(lines) + "\n"
    target.write_text(text + (WINDOWS_CUDA if lock.name == "torch-cuda" else ""), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions that the .in files allow"
    )
    options = parser.parse_args()
    if shutil.which("uv") is None:
        print("uv is not on the PATH. Install it (pip install uv) and run this again.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        for lock in LOCKS:
            print(f"locking {lock.name}")
            compile_lock(lock, Path(folder), options.upgrade)
    return 0


if __name__ == "__main__":
    sys.exit(main())
