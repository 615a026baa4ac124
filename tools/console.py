"""How the tools speak to a person, and how they run a program that may hang or fail."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Of pip's talk, what a person waits for.
_BIG_DOWNLOAD = re.compile(r"\s*Downloading [^/]+ \((\d\d+\.\d MB|[\d.]+ GB)\)")


class Fault(Exception):
    """Something that a person has to put right: says what is wrong and what to do."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Announce a piece of work that may take a while, and how long it took."""
    say(f"· {title} ...")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.0f} s")


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without what would let another Python's packages in."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PIP_USER"}
    }
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"} | extra


def run_logged(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a program, log what it prints and show its downloads; gives its exit status and output."""
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            env=env or environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        file.write("$ " + " ".join(command) + "\n")
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            file.write(line)
            lines.append(line)
            if _BIG_DOWNLOAD.match(line):
                say("  " + line.strip())
    return process.returncode, "".join(lines)


def run_guarded(command: Sequence[str], folder: Path, env: Mapping[str, str], limit: float) -> int:
    """Run a program on this terminal and give its exit status.

    Past ``limit`` seconds it is killed together with its children, and the status is 124. Blender as a module
    can hang for ever at its end, so nothing here waits for it without a limit.
    """
    # A session of its own, so that its children can be killed with it. Windows has no such thing.
    process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=os.name == "posix")
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        _kill(process)
        print(f"\nStopped after {limit:.0f} s without an end: {' '.join(command)}", file=sys.stderr)
        return 124
    except BaseException:
        _kill(process)
        raise


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.wait()
