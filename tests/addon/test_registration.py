"""Turning the add-on on and off."""

import subprocess
import sys
from pathlib import Path

import bpy

ROOT = Path(__file__).resolve().parents[2]


def ours() -> list[str]:
    return [name for name in dir(bpy.types) if "MMTALKER" in name]


def handlers() -> int:
    return len(bpy.app.handlers.load_pre) + len(bpy.app.handlers.undo_post)


def test_on_and_off_twice_leaves_nothing(addon):
    before = handlers()
    for _ in range(2):
        addon.unregister()
        assert ours() == []
        assert not hasattr(bpy.types.Scene, "mmtalker")
        assert handlers() == before - 2
        addon.register()
    assert "MMTALKER_OT_generate" in ours()
    assert handlers() == before


def test_blender_side_needs_no_torch():
    """Blender's Python has none: the whole add-on imports without it."""
    code = (
        "import sys; sys.modules['torch'] = sys.modules['scipy'] = None\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import os, mmtalker_addon.registration\n"
        "sys.stdout.write('whole'); sys.stdout.flush(); os._exit(0)"
    )
    if bpy.app.binary_path:
        return  # there, this very run shows it
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert answer.stdout.endswith("whole"), answer.stderr
