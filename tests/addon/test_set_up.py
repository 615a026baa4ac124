"""Set Up: what it says before it is pressed, and when it cannot be."""

import bpy
import pytest

from mmtalker_addon.bridge import backend, set_up
from mmtalker_addon.engine.backend import NoBackend
from mmtalker_addon.engine.errors import EngineCode, EngineError
from mmtalker_addon.engine.status import JobState, JobStatus
from mmtalker_addon.ops import runs


class StandIn:
    """An installation that ends at once."""

    def __init__(self, state: JobState, message: str = "") -> None:
        self.status = JobStatus(state, "setup", 1.0, message)

    def step(self) -> JobStatus:
        return self.status

    def cancel(self) -> None:
        pass


@pytest.fixture
def online(scene, monkeypatch):
    monkeypatch.setattr(set_up, "find_problem", lambda: "")


def test_offline_says_where_to_allow_it(scene):
    if bpy.app.online_access:
        pytest.skip("this Blender may go online")
    assert "online" in set_up.find_problem()
    assert not bpy.ops.mmtalker.set_up.poll()


def test_what_is_downloaded_and_where_to_is_told(scene, monkeypatch):
    monkeypatch.setattr(set_up, "_has_gpu", lambda: False)
    text = set_up.describe(bpy.context)
    assert "pypi.org" in text and "MB" in text
    assert str(backend.user_folder()) in text


def test_user_folder_is_not_beside_the_code(scene):
    assert "mmtalker_addon" not in str(backend.user_folder())
    assert backend.user_folder().is_dir()


def test_no_backend_is_told(scene, monkeypatch, tmp_path):
    monkeypatch.delenv("MMTALKER_BACKEND_PYTHON", raising=False)
    monkeypatch.setattr("mmtalker_addon.engine.backend.is_checkout", lambda *_: False)
    found = backend.find(bpy.context)
    assert isinstance(found, NoBackend)
    assert "Set Up" in found.reason


def test_end_is_told(online, monkeypatch):
    monkeypatch.setattr(set_up, "start", lambda _: StandIn(JobState.DONE))
    assert bpy.ops.mmtalker.set_up() == {"FINISHED"}
    assert runs.last().message.startswith("The backend is set up")


def test_failure_is_told(online, monkeypatch):
    monkeypatch.setattr(set_up, "start", lambda _: StandIn(JobState.FAILED, "The disk is full."))
    with pytest.raises(RuntimeError, match=r"The disk is full\."):
        bpy.ops.mmtalker.set_up()


def test_refusal_before_it_begins_is_told(online, monkeypatch):
    def refuse(_):
        raise EngineError(EngineCode.DISK_FULL, "There are 0.1 GiB left.")

    monkeypatch.setattr(set_up, "start", refuse)
    with pytest.raises(RuntimeError, match="GiB left"):
        bpy.ops.mmtalker.set_up()
    assert runs.current() is None
