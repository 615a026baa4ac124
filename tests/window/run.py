"""Presses the buttons in a real Blender with a real window: python -m tests.window.run --root ROOT --out OUT.

ROOT is a folder with a Blender in it, made by make_root.sh. Blender runs in it on a virtual screen; drive.py,
inside Blender, does what an artist would and asks for screenshots. Needs root, xvfb and ImageMagick.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import package

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FAKE_WORKER = REPOSITORY / "tests" / "fake_worker.py"
VOICE = REPOSITORY / "tests" / "data" / "second_voice.ogg"
SIZE = (1280, 800)
VIEWPORT = "1050x750+0+27"
"""The 3D viewport with the panel and the timeline, as ImageMagick takes it."""
LIMIT = 300.0
"""Seconds after which Blender is taken for hung."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.window.run", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder made by make_root.sh")
    parser.add_argument("--out", type=Path, required=True, help="folder for screenshots and report.json")
    parser.add_argument("--voice", type=Path, default=VOICE, help="sound file (default: a clip of the tests)")
    parser.add_argument(
        "--backend", type=Path, help="Python with PyTorch for the real model; left out: the fake worker"
    )
    parser.add_argument(
        "--bind", type=Path, action="append", default=[], help="another folder that the backend needs"
    )
    parser.add_argument("--picture", type=Path, help="write the documentation's picture of the panel here")
    return parser.parse_args()


def fake_backend(folder: Path, mode: str) -> Path:
    """A program that stands for the backend's Python and starts the fake worker."""
    program = folder / f"{mode}-backend"
    program.write_text(f'#!/bin/sh\nexec python3 "{FAKE_WORKER}" {mode}\n', encoding="utf-8")
    program.chmod(0o755)
    return program


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


def install(archive: Path, environment: dict[str, str]) -> Path:
    """Install the extension as its user would; returns its folder."""
    command = ["blender", "--command", "extension", "install-file", "-r", "user_default", "-e", str(archive)]
    subprocess.run([HERE / "in_root.sh", *command], env=environment, check=True, timeout=LIMIT)
    return Path(environment["BLENDER_USER_RESOURCES"], "extensions", "user_default", "mmtalker")


def drive(environment: dict[str, str], out: Path) -> int | None:
    """Run drive.py in Blender, taking the screenshots that it asks for; returns Blender's exit status."""
    command = ["blender", "--factory-startup", "--enable-event-simulate", "--python-exit-code", "9"]
    command += ["--window-geometry", "0", "0", *map(str, SIZE), "--python", str(HERE / "drive.py")]
    with (out / "blender.log").open("wb") as log:
        blender = subprocess.Popen([HERE / "in_root.sh", *command], env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + LIMIT
        while blender.poll() is None and time.monotonic() < deadline:
            for wanted in out.glob("*.wanted"):
                picture = wanted.with_suffix(".png")
                subprocess.run(["import", "-window", "root", picture], env=environment, check=True)
                wanted.unlink()
            time.sleep(0.1)
        blender.kill()
        return blender.wait()


def report(out: Path) -> bool:
    """Print what drive.py found; True if all of it is well."""
    path = out / "report.json"
    if not path.is_file():
        print(f"Blender left no report; see {out / 'blender.log'}", file=sys.stderr)
        return False
    checks = json.loads(path.read_text(encoding="utf-8"))
    log = (out / "blender.log").read_text(encoding="utf-8", errors="replace")
    checks["no error in Blender's log"] = "Traceback" not in log or "see blender.log"
    for name, found in checks.items():
        print(f"ok    {name}" if found is True else f"FAIL  {name}: {found}")
    return all(found is True for found in checks.values())


def main() -> int:
    options = parse_arguments()
    out = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with virtual_screen() as display, tempfile.TemporaryDirectory(prefix="mmtalker-window-") as name:
        folder = Path(name)
        package.write_zip(folder / "mmtalker.zip", package.entries())
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "DISPLAY": display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "MMTALKER_BLENDER_ROOT": str(options.root.resolve()),
            "MMTALKER_BLENDER_BIND": ":".join(str(path) for path in [out, *options.bind]),
            "MMTALKER_BACKEND_PYTHON": str(options.backend or fake_backend(folder, "good")),
            "MMTALKER_WINDOW_SLOW": str(fake_backend(folder, "slow")),
            "MMTALKER_WINDOW_MANY": str(fake_backend(folder, "many")),
            "MMTALKER_WINDOW_VOICE": str(shutil.copy(options.voice, out)),
            "MMTALKER_WINDOW_OUT": str(out),
        }
        extension = install(folder / "mmtalker.zip", environment)
        status = drive({**environment, "MMTALKER_BLENDER_FROZEN": str(extension)}, out)
    passed = report(out) and status == 0
    if passed and options.picture:
        command = ["convert", out / "panel.png", "-crop", VIEWPORT, "+repage", "-strip", options.picture]
        subprocess.run(command, check=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
