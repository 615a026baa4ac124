"""What is printed is held back, and shown when it matters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHATTER = (
    "from demo.quiet import quiet\nimport os\nwith quiet():\n    print('Python')\n    os.write(1, b'C')\n"
)


def run(script: str) -> subprocess.CompletedProcess[str]:
    # In a process of its own: pytest has hands on these descriptors too.
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )


def test_nothing_is_heard_of_what_goes_well():
    ended = run(f"{CHATTER}print('afterwards')")
    assert (ended.stdout, ended.stderr) == ("afterwards\n", "")


def test_everything_is_heard_of_what_fails():
    ended = run(f"{CHATTER}    raise SystemExit(3)")
    assert ended.returncode == 3
    assert "Python" in ended.stderr
    assert "C" in ended.stderr
