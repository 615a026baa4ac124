"""The demo from end to end, as ``build.py demo`` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.clip import load_clip

ROOT = Path(__file__).parents[2]


def run(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT / "vendor"), "PYTHONUTF8": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds, check=False
    )


@pytest.mark.slow
def test_the_demo_makes_everything_it_promises(tmp_path: Path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "demo", "--out", str(out), "--device", "cpu", "--fps", "24"]
    ended = run(command, 900)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert sorted(report["bytes"]) == sorted(p.name for p in out.iterdir() if p.name != "report.json")
    assert min(report["bytes"].values()) > 10_000
    assert report["frames"] == pytest.approx(load_clip().seconds * 24, abs=1)
    assert report["shape_keys"] >= 52
    assert report["keyframes"] >= report["shape_keys"] * report["frames"]
    lips = report["lips"]
    assert lips["gap_silence_mm"] < 0.25 * lips["gap_speech_mm"]
    assert lips["energy_correlation"] > 0.3


def test_a_place_that_cannot_be_written_to_is_a_sentence_and_not_a_trace(tmp_path: Path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    command = [sys.executable, "-m", "demo", "--out", str(tmp_path / "file")]
    ended = run(command, 300)
    assert ended.returncode == 1
    assert "is a file: give --out a folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_rate_that_makes_no_sense_is_refused_before_anything_starts(tmp_path: Path):
    command = [sys.executable, "-m", "demo", "--fps", "0", "--out", str(tmp_path / "out")]
    ended = run(command, 60)
    assert ended.returncode == 2
    assert "--fps has to be from 1 to 240" in ended.stderr
    assert not (tmp_path / "out").exists()
