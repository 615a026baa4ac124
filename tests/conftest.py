"""For all tests: where the training data is, and a way out for Blender as a module."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

EXIT_STATUS = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the training data; tests that ask for it skip where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MMTALKER_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no training data at {folder}; MMTALKER_DATA can name its folder")
    return folder


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without Python's own end where Blender is loaded as a module.

    With a class, a timer or a handler still registered, Blender 4.5's module hangs there for ever. In a real
    Blender, which knows the path of its binary, the end is Blender's to make.
    """
    bpy = sys.modules.get("bpy")
    if bpy is None or bpy.app.binary_path or EXIT_STATUS not in config.stash:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash[EXIT_STATUS])
