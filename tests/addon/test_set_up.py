"""Set Up: what it says before it is pressed, and when it cannot be."""

import os
import sys
from types import SimpleNamespace

import bpy
import pytest

from mmtalker_addon.bridge import backend, set_up
from mmtalker_addon.engine.backend import NoBackend
from mmtalker_addon.engine.errors import EngineCode, EngineError
from mmtalker_addon.engine.status import JobState, JobStatus
from mmtalker_addon.ops import runs
from mmtalker_addon.prefs import Settings
from tests.addon.scenes import generate


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


def test_offline_says_where_to_allow_it(scene, monkeypatch):
    if bpy.app.online_access:
        pytest.skip("this Blender may go online")
    assert "online" in set_up.find_problem()
    assert not bpy.ops.mmtalker.set_up.poll()


@pytest.mark.parametrize("override", [False, True])
def test_offline_is_told_before_anything_is_pressed(scene, monkeypatch, override):
    app = SimpleNamespace(online_access=False, online_access_override=override)
    monkeypatch.setattr(set_up, "bpy", SimpleNamespace(app=app))
    assert ("--online-mode" if override else "Allow Online Access") in set_up.find_problem()
    assert not bpy.ops.mmtalker.set_up.poll()


def test_blender_whose_python_is_too_new_can_be_set_up(online, monkeypatch):
    """As a distribution's own Blender may have it: another Python of the machine is taken, or fetched."""
    version = SimpleNamespace(version_info=(3, 15, 0), executable=sys.executable)
    monkeypatch.setattr(set_up, "sys", version)
    plans = []

    def begin(plan, *_, **__):
        plans.append(plan)
        return StandIn(JobState.DONE)

    monkeypatch.setattr(set_up, "InstallJob", begin)
    assert bpy.ops.mmtalker.set_up() == {"FINISHED"}
    assert plans[0].search and plans[0].fetch is not None


def test_what_is_downloaded_and_where_to_is_told(scene):
    text = set_up.describe(bpy.context)
    assert "pypi.org" in text and "MB" in text and "NVIDIA" in text
    assert str(backend.user_folder()) in text


@pytest.mark.parametrize("gpu", [None, "A graphics card"])
def test_graphics_card_is_looked_for_when_the_button_is_pressed_and_not_before(online, monkeypatch, gpu):
    """The look takes seconds, and a panel is drawn many times a second."""
    asked, plans = [], []
    monkeypatch.setattr(set_up, "find_gpu", lambda: asked.append(True) or gpu)
    monkeypatch.setattr(set_up, "InstallJob", lambda *_, **__: StandIn(JobState.DONE))
    set_up.describe(bpy.context)
    bpy.ops.mmtalker.set_up.poll()
    assert asked == []
    monkeypatch.setattr(set_up, "_plan", plans.append)
    bpy.ops.mmtalker.set_up()
    assert asked == [True]
    assert plans == [gpu is not None]


def test_running_worker_is_ended_before_its_environment_is_replaced(online, speaking, monkeypatch):
    generate()
    client = backend.client(bpy.context, backend.find(bpy.context))
    assert client.running
    seen = []
    monkeypatch.setattr(set_up, "start", lambda _: seen.append(client.running) or StandIn(JobState.DONE))

    bpy.ops.mmtalker.set_up()

    assert seen == [False]
    generate()  # and the next press starts a new one


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
    monkeypatch.setattr(set_up, "start", lambda _: StandIn(JobState.DONE, "Set up with Python 3.13."))
    assert bpy.ops.mmtalker.set_up() == {"FINISHED"}
    assert runs.last().message == "Set up with Python 3.13. Now pick a head and a voice."


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


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")
def test_what_an_own_python_lacks_is_told_when_it_is_chosen(scene, monkeypatch, tmp_path):
    own = tmp_path / "python"
    own.write_text('#!/bin/sh\necho \'[[3, 12], ["scipy", "torch"]]\'\n')
    own.chmod(0o755)
    monkeypatch.setattr(backend.prefs, "settings", lambda _: Settings(backend_python=str(own)))

    backend.look_at_own_python(bpy.context)

    found = backend.find(bpy.context)
    assert isinstance(found, NoBackend)
    assert "lacks scipy, torch" in found.reason and str(own) in found.reason
    with pytest.raises(RuntimeError, match="lacks scipy, torch"):
        bpy.ops.mmtalker.check_head()
