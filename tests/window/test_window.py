"""The add-on in a real window; skipped where there is no Blender made by make_root.sh."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_panel_in_a_real_window(tmp_path):
    root = os.environ.get("MMTALKER_BLENDER_ROOT")
    if not root:
        pytest.skip("MMTALKER_BLENDER_ROOT does not name a folder made by tests/window/make_root.sh")
    missing = [name for name in ("Xvfb", "import", "unshare") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    command = [sys.executable, "-m", "tests.window.run", "--root", root, "--out", str(tmp_path / "out")]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert answer.returncode == 0, answer.stdout + answer.stderr
