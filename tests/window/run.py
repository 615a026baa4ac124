"""Presses the buttons in a real Blender with a real window: python -m tests.window.run --root ROOT [options].

ROOT is a folder with a Blender in it, made by make_root.sh. Blender runs in it by chroot, in a mount namespace
of its own, on a virtual screen; drive.py, inside Blender, does what an artist would and asks for screenshots.
Needs root, xvfb and ImageMagick.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import package

REPOSITORY = Path(__file__).resolve().parents[2]
VOICE = REPOSITORY / "tests" / "data" / "second_voice.ogg"
FAKE_WORKER = REPOSITORY / "tests" / "fake_worker.py"
SIZE = (1280, 800)
LIMIT = 300.0
"""Seconds after which Blender is taken for hung."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.window.run", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder made by make_root.sh")
    parser.add_argument("--out", type=Path, required=True, help="folder for screenshots and report.json")
    parser.add_argument(
        "--backend", type=Path, default=None, help="Python with PyTorch for the real model; left out: the fake worker"
    )
    parser.add_argument("--voice", type=Path, default=VOICE, help="sound file (default: a clip of the tests)")
    parser.add_argument(
        "--bind", type=Path, action="append", default=[], help="another folder that the backend needs"
    )
    parser.add_argument("command", nargs="*", help="run this in ROOT instead of the window check")
    return parser.parse_args()


def enter(root: Path, bound: list[Path], command: list[str]) -> list[str]:
    """The command line that runs ``command`` inside ``root`` and leaves nothing mounted."""
    mounts = [f"mount -t proc proc {shlex.quote(str(root))}/proc", f"mount --rbind /dev {shlex.quote(str(root))}/dev"]
    for folder in bound:
        inside = shlex.quote(f"{root}{folder}")
        mounts.append(f"mkdir -p {inside} && mount --bind {shlex.quote(str(folder))} {inside}")
    script = " && ".join([*mounts, f"exec chroot {shlex.quote(str(root))} {shlex.join(command)}"])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]


def fake_backend(folder: Path, mode: str) -> Path:
    """A program that stands for the backend's Python and starts the fake worker."""
    program = folder / f"{mode}-backend"
    program.write_text(f'#!/bin/sh\nexec python3 "{FAKE_WORKER}" {mode}\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def take_screenshots(folder: Path, display: str) -> None:
    """Take every screenshot that drive.py has asked for by a file ``NAME.wanted``."""
    for wanted in folder.glob("*.wanted"):
        picture = wanted.with_suffix(".png")
        subprocess.run(["import", "-window", "root", str(picture)], env={**os.environ, "DISPLAY": display}, check=True)
        wanted.unlink()


@contextmanager
def virtual_screen() -> Iterator[str]:
    """A screen of its own; yields what DISPLAY has to be."""
    display = f":{90 + os.getpid() % 900}"
    width, height = SIZE
    screen = subprocess.Popen(["Xvfb", display, "-ac", "-screen", "0", f"{width}x{height}x24"])
    try:
        while not Path(f"/tmp/.X11-unix/X{display[1:]}").exists():
            if screen.poll() is not None:
                raise RuntimeError(f"Xvfb ended with {screen.returncode}")
            time.sleep(0.1)
        yield display
    finally:
        screen.terminate()
        screen.wait()


def drive(root: Path, bound: list[Path], environment: dict[str, str], out: Path) -> int:
    """Run the window check; returns an exit status."""
    report = out / "report.json"
    report.unlink(missing_ok=True)
    blender = ["blender", "--factory-startup", "--window-geometry", "0", "0", *map(str, SIZE)]
    blender += ["--enable-event-simulate", "--python-exit-code", "9", "--addons", "bl_ext.user_default.mmtalker"]
    blender += ["--python", str(REPOSITORY / "tests" / "window" / "drive.py")]
    with (out / "blender.log").open("wb") as log:
        process = subprocess.Popen(enter(root, bound, blender), env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + LIMIT
        while process.poll() is None and time.monotonic() < deadline:
            take_screenshots(out, environment["DISPLAY"])
            time.sleep(0.1)
        if process.poll() is None:
            process.kill()
    if not report.is_file():
        print(f"Blender ended with {process.wait()} and no report; see {out / 'blender.log'}", file=sys.stderr)
        return 1
    checks = json.loads(report.read_text(encoding="utf-8"))
    for check, passed in checks.items():
        print(f"{'ok  ' if passed is True else 'FAIL'}  {check}" + ("" if passed is True else f": {passed}"))
    return 0 if all(passed is True for passed in checks.values()) else 1


def main() -> int:
    options = parse_arguments()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with virtual_screen() as display, tempfile.TemporaryDirectory(prefix="mmtalker-window-") as name:
        folder = Path(name)
        archive = folder / "mmtalker.zip"
        package.write_zip(archive, package.entries())
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "DISPLAY": display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "MMTALKER_BACKEND_PYTHON": str(options.backend or fake_backend(folder, "good")),
            "MMTALKER_WINDOW_OUT": str(out),
            "MMTALKER_WINDOW_SLOW": str(fake_backend(folder, "slow")),
            "MMTALKER_WINDOW_VOICE": str(shutil.copy(options.voice, out)),
        }
        bound = [folder, out, REPOSITORY, Path("/tmp/.X11-unix"), *options.bind]
        install = ["blender", "--command", "extension", "install-file", "-r", "user_default", "-e", str(archive)]
        subprocess.run(enter(options.root, bound, install), env=environment, check=True, timeout=LIMIT)
        if options.command:
            return subprocess.run(enter(options.root, bound, options.command), env=environment).returncode
        return drive(options.root, bound, environment, out)


if __name__ == "__main__":
    sys.exit(main())
