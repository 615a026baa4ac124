"""The worker ends with the program that started it, whatever it is in the middle of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 20.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Blender is killed by a signal")

# A worker in the middle of something; it says its number first.
WORKER = """
import ctypes, os, sys, threading, time
from mmtalker.worker.parent import watch_parent
watch_parent(lambda: os._exit(0))
print(os.getpid(), flush=True)
{what}
"""
# A client that starts one, from the main thread or another, directly or through a script, and waits.
CLIENT = """
import os, subprocess, sys, threading, time
def start():
    environment = {{**os.environ, "MMTALKER_PARENT": f"{{os.getpid()}} {kind}"}}
    global worker
    worker = subprocess.Popen({command!r}, stdin=subprocess.PIPE, env=environment)
{start}
time.sleep(600)
"""
SLEEPS = "time.sleep(600)"
HOLDS_THE_INTERPRETER = "ctypes.PyDLL(None).sleep(600)"


def ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return subprocess.run(["kill", "-0", str(pid)], capture_output=True, check=False).returncode != 0
    return state == "Z"


@pytest.mark.parametrize(
    ("what", "kind", "start", "through"),
    [
        (SLEEPS, "process", "start()", ()),
        (SLEEPS, "thread", "t = threading.Thread(target=start); t.start(); t.join()", ()),
        (SLEEPS, "process", "start()", ("sh", "-c", '"$@"; true', "sh")),
        pytest.param(
            HOLDS_THE_INTERPRETER,
            "process",
            "start()",
            (),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the kernel helps on Linux alone"),
        ),
    ],
    ids=["sleeps", "from a thread that ends", "through a script", "holds the interpreter"],
)
def test_it_ends_when_its_client_is_killed_though_its_input_stays_open(
    what: str, kind: str, start: str, through: tuple[str, ...]
) -> None:
    command = [*through, sys.executable, "-c", WORKER.format(what=what)]
    script = CLIENT.format(kind=kind, command=command, start=start)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "vendor")}
    client = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment)
    assert client.stdout is not None
    worker = int(client.stdout.readline())
    time.sleep(0.2)
    assert not ended(worker)

    client.send_signal(signal.SIGKILL)
    client.wait()

    give_up = time.monotonic() + LIMIT_S
    while not ended(worker):
        assert time.monotonic() < give_up, "the worker lives on"
        time.sleep(0.05)
    client.stdout.close()


def test_without_a_parent_named_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmtalker.worker.parent import PARENT_VARIABLE, watch_parent

    for words in ("", "nobody", "12", "x process"):
        monkeypatch.setenv(PARENT_VARIABLE, words)
        watch_parent(lambda: pytest.fail("there was nobody to watch"))
        assert PARENT_VARIABLE not in os.environ
