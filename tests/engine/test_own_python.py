"""What a Python that the user named lacks: found out beside, said as soon as it is known."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmtalker_addon.engine import own_python
from mmtalker_addon.engine.own_python import PythonChecks, find_python_problem
from tests.engine.workers import wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")


def stand_in(path: Path, answer: str) -> Path:
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_bare_python_is_told_what_it_lacks(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    bare = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    problem = find_python_problem(bare)
    assert "lacks numpy, scipy, soundfile, safetensors, torch" in problem
    assert str(bare) in problem


@posix_only
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("echo '[[3, 12], []]'", ""),
        ("echo '[[3, 12], [\"torch\"]]'", "lacks torch"),
        ("echo '[[3, 9], []]'", "is Python 3.9, and MMTalker needs 3.11 or newer"),
        ("echo nonsense", "not a Python that can be run"),
        ("exit 3", "not a Python that can be run"),
    ],
)
def test_what_it_answers_becomes_a_sentence(tmp_path: Path, answer: str, words: str) -> None:
    problem = find_python_problem(stand_in(tmp_path / "python", answer))
    assert words in problem and bool(problem) == bool(words)


@posix_only
def test_nobody_waits_for_a_slow_python(tmp_path: Path) -> None:
    slow, checks = stand_in(tmp_path / "python", "sleep 0.5; echo '[[3, 12], [\"torch\"]]'"), PythonChecks()
    begin = time.monotonic()
    assert checks.problem(slow) == ""
    assert time.monotonic() - begin < 0.4
    wait_until(lambda: "lacks torch" in checks.problem(slow))


@posix_only
def test_what_was_missing_is_looked_for_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(own_python, "_AGAIN_SECONDS", 0.0)
    python, checks = stand_in(tmp_path / "python", "echo '[[3, 12], [\"torch\"]]'"), PythonChecks()
    assert "torch" in checks.problem(python, wait=20.0)
    stand_in(python, "echo '[[3, 12], []]'")
    wait_until(lambda: checks.problem(python, wait=20.0) == "")
