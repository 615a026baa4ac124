"""The add-on in Blender, as a module or through pytest-blender; left out where there is neither."""

from __future__ import annotations

import os
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import pytest

# Before bpy is imported: nothing of the developer's own Blender is read or written.
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mmtalker-tests-"))

try:
    import bpy
except ImportError:
    bpy = None
    collect_ignore_glob = ["test_*.py"]

FAKE_WORKER = Path(__file__).resolve().parents[1] / "fake_worker.py"


@pytest.fixture(scope="session")
def addon():
    """The add-on, registered as Blender would."""
    import mmtalker_addon

    mmtalker_addon.register()
    yield mmtalker_addon
    mmtalker_addon.unregister()


@pytest.fixture
def scene(addon):
    """An empty scene; the panel's choices are at their defaults."""
    from mmtalker_addon.bridge import backend
    from mmtalker_addon.ops import runs

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    runs.forget()
    yield bpy.context.scene
    runs.abandon("The test is over.")
    backend.stop()


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """A function that makes the add-on use the fake worker in one of its modes."""

    def use(mode: str = "good") -> None:
        program = tmp_path / f"backend-{mode}"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{FAKE_WORKER}" {mode}\n')
        program.chmod(0o755)
        monkeypatch.setenv("MMTALKER_BACKEND_PYTHON", str(program))

    return use


@pytest.fixture
def voice(tmp_path):
    """A sound file of three seconds."""
    path = tmp_path / "hello.wav"
    samples = (8000 * np.sin(np.arange(3 * 16000) * 0.1)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def head(scene):
    """A mesh of 42 vertices, active and selected."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
    bpy.context.object.name = "Anna"
    return bpy.context.object


@pytest.fixture
def speaking(scene, head, voice, worker):
    """The head with everything chosen that Generate asks for."""
    worker("good")
    scene.mmtalker.source = "FILE"
    scene.mmtalker.sound_file = str(voice)
    return head
