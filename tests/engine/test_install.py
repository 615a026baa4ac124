"""Setting the backend up: whole or not at all, and a sentence for whatever stops it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mmtalker_addon.engine import install_plan
from mmtalker_addon.engine.backend import environment_python
from mmtalker_addon.engine.errors import EngineError
from mmtalker_addon.engine.fetch_python import FetchedPython, plan_fetch
from mmtalker_addon.engine.install import InstallJob
from mmtalker_addon.engine.install_files import folder_bytes
from mmtalker_addon.engine.install_plan import InstallPlan, PipStep, check_install, find_gpu, plan_install
from mmtalker_addon.engine.paths import find_requirements
from mmtalker_addon.engine.stamp import is_current, made_with
from mmtalker_addon.engine.status import JobState, JobStatus, run_to_end
from tests.engine.workers import wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")

STAND_IN = """#!/bin/sh
# A Python that makes environments of itself and lets a test say what pip does.
here=$(dirname "$0")
case "$*" in
    *version_info*) echo "${FAKE_VERSION:-3 11}" ;;
    *"-m venv"*) shift 3; mkdir -p "$1/bin" && cp "$0" "$1/bin/python" && cp "$here/pip" "$1/bin/" ;;
    *"-m pip"*) . "$here/pip" ;;
    *import*) exit 0 ;;
esac
"""


def make_wheel(folder: Path, name: str = "tinytalk") -> str:
    """Write the smallest wheel there is; return its sha256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "ANSWER = 42\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def plan(tmp_path: Path) -> InstallPlan:
    """A plan for this Python that installs one local wheel."""
    wheels, requirements = tmp_path / "wheels", tmp_path / "requirements"
    wheels.mkdir()
    requirements.mkdir()
    digest = make_wheel(wheels)
    (requirements / "backend.txt").write_text(f"tinytalk==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return InstallPlan(
        python=Path(sys.executable),
        user_folder=tmp_path / "user",
        steps=(PipStep(requirements / "backend.txt", download_bytes=1000),),
        disk_bytes=1000,
        check_modules=("tinytalk",),
        find_links=wheels,
    )


@pytest.fixture
def stand_in(plan: InstallPlan, tmp_path: Path):
    """Return a function that makes the plan's Python a stand-in whose pip is a piece of shell script."""

    def make(pip: str) -> InstallPlan:
        folder = tmp_path / "stand-in"
        folder.mkdir()
        (folder / "python").write_text(STAND_IN, encoding="utf-8")
        (folder / "python").chmod(0o755)
        (folder / "pip").write_text(pip, encoding="utf-8")
        return replace(plan, python=folder / "python")

    return make


def run(plan: InstallPlan) -> tuple[InstallJob, list[JobStatus]]:
    job, seen = InstallJob(plan, plan.user_folder / "setup.log", online=False), []
    run_to_end(job, report=seen.append)
    return job, seen


def leftovers(plan: InstallPlan) -> list[str]:
    return sorted(path.name for path in plan.user_folder.iterdir() if not path.name.startswith("setup.log"))


def test_a_new_environment_holds_the_packages_and_runs_where_it_was_moved_to(plan: InstallPlan) -> None:
    plan.target.mkdir(parents=True)
    (plan.target / "old").write_text("of an earlier version", encoding="utf-8")
    job, seen = run(plan)
    assert job.error is None
    version = ".".join(map(str, sys.version_info[:3]))
    told = f"The backend is set up with Python {version}, Blender's own."
    assert seen[-1] == JobStatus(JobState.DONE, "check", 1.0, told)
    assert made_with(plan.target) == f"Python {version}, Blender's own"
    fractions = [status.fraction for status in seen]
    assert fractions == sorted(fractions)
    assert leftovers(plan) == ["backend"]
    assert not (plan.target / "old").exists()
    ask = [environment_python(plan.target), "-I", "-c", "import tinytalk; print(tinytalk.ANSWER)"]
    assert subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60).stdout.strip() == "42"
    assert is_current(plan.target, plan.steps[0].requirements.parent)
    assert "tinytalk" in (plan.user_folder / "setup.log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_package_that_is_not_the_pinned_one_is_refused_and_nothing_stays(plan: InstallPlan) -> None:
    text = f"tinytalk==1.0 --hash=sha256:{'0' * 64}\n"
    plan.steps[0].requirements.write_text(text, encoding="utf-8")
    job, seen = run(plan)
    assert seen[-1].state is JobState.FAILED
    assert job.error is not None
    assert "not the one that MMTalker was tested with" in job.error.message
    assert leftovers(plan) == []


@posix_only
@pytest.mark.parametrize(
    ("pip", "code", "words"),
    [
        ("echo 'ERROR: [Errno 28] No space left on device'; exit 1", "disk_full", "disk is full"),
        ("echo 'Max retries exceeded with url: /simple/torch/'; exit 1", "setup_failed", "Check the network"),
        ("echo 'ERROR: No matching distribution found for torch'; exit 1", "setup_failed", "not offered"),
        ("echo 'THESE PACKAGES DO NOT MATCH THE HASHES'; exit 1", "wrong_package", "nothing was installed"),
        ("echo 'something else'; exit 2", "setup_failed", "setup.log says why"),
        ("kill -9 $$", "setup_failed", "setup.log says why"),
    ],
)
def test_what_pip_says_becomes_a_sentence_and_the_old_environment_stays(
    stand_in, pip: str, code: str, words: str
) -> None:
    plan = stand_in(pip)
    plan.target.mkdir(parents=True)
    job, _ = run(plan)
    assert job.error is not None
    assert job.error.code == code
    assert words in job.error.message
    assert [name for name in leftovers(plan) if name != "backend.downloads"] == ["backend"]


@posix_only
def test_packages_that_do_not_load_are_not_put_in_place(stand_in) -> None:
    plan = stand_in("sed -i.old 's/import.) exit 0/import*) echo no such library; exit 1/' \"$0\"")
    job, _ = run(plan)
    assert job.error is not None
    assert "do not load" in job.error.message
    assert job.error.details == ("no such library",)
    assert leftovers(plan) == []


@posix_only
def test_progress_follows_the_bytes_that_arrive(stand_in) -> None:
    plan = stand_in(
        'echo "Collecting tinytalk==1.0"; mkdir "$TMPDIR/pip-unpack-1"\n'
        'for i in 1 2 3 4; do head -c 250 /dev/zero >> "$TMPDIR/pip-unpack-1/a.whl"; sleep 0.1; done\n'
        'echo "Installing collected packages: tinytalk"; sleep 0.1'
    )
    job, seen = run(plan)
    assert job.error is None
    fractions = [status.fraction for status in seen if status.message == "Downloading tinytalk"]
    assert len(set(fractions)) >= 3
    assert fractions == sorted(fractions)
    assert "Installing packages" in {status.message for status in seen}


@posix_only
@pytest.mark.parametrize("stage", ["setup", "environment", "packages"])
def test_cancel_ends_children_and_clears_everything_away(stand_in, tmp_path: Path, stage: str) -> None:
    plan = stand_in(f"echo $$ > {tmp_path / 'pid'}; sleep 600 & wait")
    job = InstallJob(plan, plan.user_folder / "setup.log", online=False)
    if stage == "packages":
        wait_until((tmp_path / "pid").exists)
    elif stage == "environment":
        wait_until(lambda: job.step().stage != "setup")
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert job.step().state is JobState.CANCELLED
    assert job.error is None
    assert leftovers(plan) == []
    if stage == "packages":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), 0)


@posix_only
def test_a_python_that_the_packages_are_not_made_for_is_refused(stand_in, monkeypatch) -> None:
    monkeypatch.setenv("FAKE_VERSION", "3 9")
    job, _ = run(stand_in("exit 0"))
    assert job.error is not None
    assert "3.11, 3.12, 3.13, 3.14" in job.error.message and str(job._plan.python) in job.error.message
    assert "python3-venv" in job.error.message


@posix_only
def test_another_python_of_this_machine_is_taken_and_told(stand_in, tmp_path: Path, monkeypatch) -> None:
    """Given a Blender whose Python is too new, and a Python 3.12 on the PATH."""
    plan = stand_in("exit 0")
    folder = tmp_path / "bin"
    folder.mkdir()
    text = plan.python.read_text(encoding="utf-8").replace("${FAKE_VERSION:-3 11}", "3 12 1")
    text = text.replace('"$here/pip"', str(tmp_path / "stand-in" / "pip"))
    (folder / "python3.12").write_text(text, encoding="utf-8")
    (folder / "python3.12").chmod(0o755)
    monkeypatch.setenv("FAKE_VERSION", "3 15 0")
    for name in ("HOME", "PYENV_ROOT", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    job, seen = run(replace(plan, search=True, versions=((3, 12),)))
    assert job.error is None
    assert seen[-1].message == f"The backend is set up with Python 3.12.1, found at {folder / 'python3.12'}."
    assert made_with(plan.target) == f"Python 3.12.1, found at {folder / 'python3.12'}"


def archive_of_python(stand_in: InstallPlan, tmp_path: Path) -> FetchedPython:
    """Pack the stand-in as a Python to fetch, which says that it is 3.13."""
    script = stand_in.python.read_text(encoding="utf-8").replace("${FAKE_VERSION:-3 11}", "3 13 14")
    source = tmp_path / "source" / "python" / "bin"
    source.mkdir(parents=True)
    (source / "python3.13").write_text(script, encoding="utf-8")
    (source / "python3.13").chmod(0o755)
    (source / "python3").symlink_to("python3.13")
    shutil.copy(stand_in.python.parent / "pip", source / "pip")
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), "gztar", tmp_path / "source", "python"))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return FetchedPython(archive.as_uri(), digest, archive.stat().st_size, "3.13.14")


@posix_only
def test_where_none_fits_a_python_is_fetched_into_the_user_folder_and_used_again(
    stand_in, tmp_path: Path, monkeypatch
) -> None:
    plan = stand_in("exit 0")
    monkeypatch.setenv("FAKE_VERSION", "3 15 0")
    plan = replace(plan, fetch=archive_of_python(plan, tmp_path), find_links=None)
    for _ in range(2):
        job = InstallJob(plan, plan.user_folder / "setup.log", online=True)
        status = run_to_end(job)
        assert job.error is None
        assert status.message == "The backend is set up with Python 3.13.14, fetched by Set Up."
        assert leftovers(plan) == ["backend", "python"]
        plan = replace(plan, fetch=replace(plan.fetch, url="file:///nowhere"))


@posix_only
@pytest.mark.parametrize(("harm", "words"), [("hash", "not the pinned one"), ("url", "could not be fetched")])
def test_a_python_that_is_not_the_pinned_one_is_refused(
    stand_in, tmp_path: Path, monkeypatch, harm: str, words: str
) -> None:
    plan = stand_in("exit 0")
    monkeypatch.setenv("FAKE_VERSION", "3 15 0")
    fetch = archive_of_python(plan, tmp_path)
    harmed = replace(fetch, sha256="0" * 64) if harm == "hash" else replace(fetch, url=f"{fetch.url}.gone")
    plan = replace(plan, fetch=harmed, find_links=None)
    job = InstallJob(plan, plan.user_folder / "setup.log", online=True)
    run_to_end(job)
    assert job.error is not None and words in job.error.message
    assert leftovers(plan) == []


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_python_to_fetch_is_pinned_for_the_usual_machines(machine: str) -> None:
    wanted = plan_fetch(find_requirements(), "linux", machine)
    assert wanted is not None
    assert wanted.url.startswith("https://") and len(wanted.sha256) == 64
    assert plan_fetch(find_requirements(), "linux", "riscv64") is None


@posix_only
@pytest.mark.parametrize("words", ["No space left on device", "THESE PACKAGES DO NOT MATCH THE HASHES"])
def test_what_is_wrong_or_in_the_way_is_not_kept(stand_in, words: str) -> None:
    keep = """for a in "$@"; do case "$a" in --cache-dir=*) mkdir -p "${a#*=}" ;; esac; done"""
    plan = stand_in(f"{keep}\necho {words}; exit 1")
    job, _ = run(plan)
    assert job.error is not None and leftovers(plan) == []


@posix_only
def test_what_a_failed_set_up_has_downloaded_is_there_for_the_next(stand_in) -> None:
    keep = """for a in "$@"; do case "$a" in --cache-dir=*) cache="${a#*=}" ;; esac; done"""
    plan = stand_in(
        f"{keep}\nls $cache/torch 2>/dev/null && exit 0\nmkdir -p $cache; : > $cache/torch; exit 1"
    )
    job, _ = run(plan)
    assert job.error is not None and leftovers(plan) == ["backend.downloads"]
    job, _ = run(plan)
    assert job.error is None and leftovers(plan) == ["backend"]


@posix_only
def test_a_bar_that_cannot_be_measured_does_not_end_the_installation(stand_in, monkeypatch) -> None:
    def broken(_folder: Path) -> int:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("mmtalker_addon.engine.install.folder_bytes", broken)
    plan = stand_in("sleep 0.3; exit 0")
    job, _ = run(plan)
    assert job.error is None
    assert "no such thing" in (plan.user_folder / "setup.log").read_text(encoding="utf-8")


def test_bytes_are_counted_while_folders_come_and_go(tmp_path: Path) -> None:
    """As pip's do: on Python 3.11 pathlib's glob raises where a folder vanishes under it."""
    (tmp_path / "file").write_bytes(bytes(7))
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for number in range(20):
                (tmp_path / f"pip-{number}" / "deep").mkdir(parents=True, exist_ok=True)
            for number in range(20):
                shutil.rmtree(tmp_path / f"pip-{number}")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        assert {folder_bytes(tmp_path) for _ in range(300)} == {7}
    finally:
        over.set()
        thread.join()


@posix_only
def test_a_python_without_venv_names_the_package_to_install(stand_in) -> None:
    plan = stand_in("exit 0")
    script = plan.python.read_text(encoding="utf-8")
    broken = 'echo "ensurepip is not available"; exit 1 ;;\n    never)'
    plan.python.write_text(script.replace("shift 3;", broken), encoding="utf-8")
    job, _ = run(plan)
    assert job.error is not None
    assert "python3-venv" in job.error.message


def test_what_a_killed_blender_left_is_cleared_but_not_what_another_does(plan: InstallPlan) -> None:
    dead, alive = (plan.user_folder / f"backend.partial-{name}" for name in ("dead", "alive"))
    for folder in (dead, alive):
        folder.mkdir(parents=True)
    os.utime(dead, (time.time() - 3600,) * 2)
    job = InstallJob(plan, plan.user_folder / "setup.log", online=False)
    wait_until(lambda: job.step().stage != "setup")
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert leftovers(plan) == [alive.name]


def test_offline_nothing_is_begun(plan: InstallPlan) -> None:
    with pytest.raises(EngineError, match="online access is off") as caught:
        InstallJob(replace(plan, find_links=None), plan.user_folder / "setup.log", online=False)
    assert caught.value.code == "offline"
    assert not plan.user_folder.exists()


def test_too_little_room_is_told_in_figures(plan: InstallPlan, monkeypatch) -> None:
    usage = shutil.disk_usage(plan.python)._replace(free=512 * 2**20)
    monkeypatch.setattr(install_plan.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(EngineError, match=r"takes 3\.0 GiB .* has 0\.5 GiB left") as caught:
        check_install(replace(plan, disk_bytes=3 * 2**30), online=True)
    assert caught.value.code == "disk_full"


@pytest.mark.parametrize("lost", ["python", "requirements"])
def test_a_file_that_is_not_there_is_named(plan: InstallPlan, tmp_path: Path, lost: str) -> None:
    gone = tmp_path / "gone"
    changed = {"python": replace(plan, python=gone), "requirements": replace(plan, steps=(PipStep(gone, 1),))}
    with pytest.raises(EngineError, match="gone"):
        check_install(changed[lost], online=True)


def test_a_user_folder_that_cannot_be_made_is_a_sentence(plan: InstallPlan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EngineError, match="Make the folder writable"):
        check_install(replace(plan, user_folder=tmp_path / "file" / "user"), online=True)


@pytest.mark.parametrize(
    ("gpu", "version", "system", "torch"),
    [
        (False, (3, 11), "linux", "torch-cpu.txt"),
        (True, (3, 11), "linux", "torch-cuda.txt"),
        (True, (3, 13), "win32", "torch-cuda.txt"),
        (True, (3, 11), "win32", "torch-cpu.txt"),
        (True, (3, 13), "darwin", "torch-cpu.txt"),
    ],
)
def test_the_shipped_files_are_chosen_by_gpu_python_and_system(
    tmp_path: Path, gpu: bool, version: tuple[int, int], system: str, torch: str
) -> None:
    files = find_requirements()
    plan = plan_install(Path(sys.executable), tmp_path, files, gpu=gpu, version=version, system=system)
    assert [step.requirements.name for step in plan.steps] == [torch, "backend.txt"]
    assert all(step.requirements.is_file() for step in plan.steps)


@posix_only
@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("echo 'NVIDIA RTX 4090'", "NVIDIA RTX 4090"),
        ("echo 'no devices were found'; exit 9", None),
        ("true", None),
        (None, None),
    ],
)
def test_the_gpu_is_asked_of_its_driver(
    tmp_path: Path, monkeypatch, script: str | None, name: str | None
) -> None:
    if script is not None:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpu() == name
