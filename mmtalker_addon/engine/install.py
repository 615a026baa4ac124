"""Sets the backend up: a virtual environment with pinned packages, whole or not there at all."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from .backend import environment_python
from .child import kill_group, spawn
from .errors import EngineCode, EngineError
from .fetch_python import fetch_python, interpreter
from .install_errors import explain_os_error, explain_pip, explain_venv
from .install_files import PARTIAL, clear_abandoned, folder_bytes, put_in_place
from .install_plan import InstallPlan, PipStep, check_install, find_gpu, plan_install
from .log import open_log
from .pythons import FoundPython, ask_version, find_python, name_version
from .stamp import write_stamp
from .status import JobState, JobStatus

__all__ = ["InstallJob", "InstallPlan", "PipStep", "check_install", "find_gpu", "plan_install"]

_PYTHON_SHARE, _VENV_SHARE, _CHECK_SHARE = 0.04, 0.05, 0.95
_DOWNLOAD_SHARE = 0.85
"""Where the packages begin and end in the whole, and what part of a pip call is download."""

_DOWNLOADS = "backend.downloads"
"""Where a Set Up that failed leaves what it has downloaded, for the next one to go on from."""

_PIP_OPTIONS = (
    *("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile"),
    *("--no-input", "--disable-pip-version-check", "--progress-bar=off"),
)


class _Stopped(Exception):
    """The user asked to stop."""


class InstallJob:
    """Carries out an :class:`InstallPlan`; ``step`` it until its status has ended.

    A thread that touches no Blender data does the work in a temporary folder, which becomes the plan's
    target by renaming at the very end. End every worker that runs from the target first.
    """

    def __init__(self, plan: InstallPlan, log_path: Path, *, online: bool) -> None:
        """Check what can be checked, then begin.

        Raises:
            EngineError: as :func:`check_install`, or the log cannot be written.
        """
        check_install(plan, online=online)
        self._plan = plan
        self._log_path = log_path
        self._log = open_log(log_path)
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = False
        self._folder: Path | None = None
        self._download: tuple[float, float, int] | None = None
        self._status = JobStatus(JobState.RUNNING, "setup", 0.0, "Preparing")
        self._error: EngineError | None = None
        atexit.register(self.cancel)
        self._thread = threading.Thread(target=self._run, name="mmtalker-setup", daemon=True)
        self._thread.start()

    @property
    def error(self) -> EngineError | None:
        return self._error

    def step(self) -> JobStatus:
        """Return where it is; the work goes on by itself."""
        status, folder = self._status, self._folder
        if status.ended or folder is None:
            return status
        try:
            os.utime(folder)  # a sign of life for other installations
            return self._measure(status, folder)
        except Exception as error:  # a bar that stands still is no reason to give up an installation
            with contextlib.suppress(OSError, ValueError):
                self._log.write(f"The progress could not be measured: {error!r}\n".encode())
            return status

    def _measure(self, status: JobStatus, folder: Path) -> JobStatus:
        """Show how much of the download that runs has arrived."""
        download = self._download
        if download is None:
            return status
        low, high, expected = download
        fraction = low + (high - low) * min(folder_bytes(folder / "download") / max(expected, 1), 1.0)
        return self._show(status.stage, fraction, status.message) if fraction > status.fraction else status

    def cancel(self) -> None:
        """End what runs; ``step`` says when everything is cleared away."""
        with self._lock:
            self._stop = True
            child = self._child
        if child is not None:
            kill_group(child)

    def _show(self, stage: str, fraction: float, message: str) -> JobStatus:
        with self._lock:
            if not self._status.ended:
                fraction = max(fraction, self._status.fraction)
                self._status = JobStatus(JobState.RUNNING, stage, fraction, message)
            return self._status

    def _run(self) -> None:
        """The thread: install, then clear up, then tell."""
        state, message = JobState.DONE, ""
        try:
            message = f"The backend is set up with {self._install().title}."
        except _Stopped:
            state, message = JobState.CANCELLED, "Cancelled"
        except EngineError as error:
            self._error = error
        except OSError as error:
            self._error = explain_os_error(error, self._plan.user_folder)
        except Exception as error:  # a thread has nobody else to tell
            self._error = EngineError(
                EngineCode.SETUP_FAILED, f"Setting the backend up failed ({error!r}). Please report this."
            )
        if self._error is not None:
            state, message = JobState.FAILED, self._error.message
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        # Not what is wrong or in the way: the next Set Up would meet it again.
        if self._error is None or self._error.code in (EngineCode.DISK_FULL, EngineCode.WRONG_PACKAGE):
            shutil.rmtree(self._downloads, ignore_errors=True)
        self._log.close()
        atexit.unregister(self.cancel)
        with self._lock:
            fraction = 1.0 if state is JobState.DONE else self._status.fraction
            self._status = JobStatus(state, self._status.stage, fraction, message)

    @property
    def _downloads(self) -> Path:
        return self._plan.user_folder / _DOWNLOADS

    def _install(self) -> FoundPython:
        plan = self._plan
        clear_abandoned(plan.user_folder)
        self._folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=plan.user_folder))
        environment, download = self._folder / "environment", self._folder / "download"
        download.mkdir()
        base = self._find_python(self._folder)
        self._show("environment", 0.01, f"Making the environment with {base.title}")
        status, output = self._child_output([str(base.path), "-I", "-m", "venv", str(environment)])
        if status != 0:
            raise explain_venv(base.path, output, self._log_path)
        python = environment_python(environment)
        self._install_packages(python, download)
        self._show("check", _CHECK_SHARE, "Checking the packages")
        imports = "; ".join(f"import {module}" for module in plan.check_modules)
        status, output = self._child_output([str(python), "-I", "-c", imports])
        if status != 0:
            raise EngineError(
                EngineCode.SETUP_FAILED,
                f"The packages were installed but do not load. The log {self._log_path} says why.",
                tuple(output[-8:]),
            )
        write_stamp(environment, (step.requirements for step in plan.steps), base.title)
        with self._lock:
            if self._stop:
                raise _Stopped
            put_in_place(environment, plan.target, self._folder / "old")
        return base

    def _find_python(self, scratch: Path) -> FoundPython:
        """Return the Python to make the environment with, fetched where there is none."""
        plan = self._plan
        self._show("python", 0.0, "Looking for a Python")
        found = find_python(
            plan.python,
            self._child_output,
            plan.versions,
            own=interpreter(plan.own_python),
            search=plan.search,
        )
        if found is not None:
            return found
        wanted = ", ".join(map(name_version, plan.versions))
        if plan.fetch is None or plan.find_links is not None:
            raise EngineError(
                EngineCode.SETUP_FAILED,
                f"The backend needs a Python {wanted} that can make virtual environments, and there is none: "
                f"neither {plan.python} nor any other that was found. Install one, with its 'venv' part (on "
                "Debian and Ubuntu the package python3-venv), and press Set Up again, or name one that has "
                "the packages as Own Python in MMTalker's preferences.",
            )
        self._show("python", 0.0, f"Downloading Python {plan.fetch.version}")
        path = fetch_python(plan.fetch, scratch, plan.own_python, self._look)
        version = ask_version(path, self._child_output)
        if version is None:
            raise EngineError(
                EngineCode.SETUP_FAILED,
                f"The Python that was fetched, {path}, does not run on this machine. Install Python 3.13 "
                "yourself and press Set Up again.",
            )
        return FoundPython(path, version, "fetched by Set Up")

    def _look(self, arrived: int) -> None:
        """Show how much of a Python has arrived; a cancel ends it."""
        if self._stop:
            raise _Stopped
        if self._plan.fetch is not None:
            self._show(
                "python", _PYTHON_SHARE * min(arrived / self._plan.fetch.size, 1.0), self._status.message
            )

    def _install_packages(self, python: Path, download: Path) -> None:
        total = max(self._plan.download_bytes, 1)
        low = _VENV_SHARE
        for step in self._plan.steps:
            high = low + (_CHECK_SHARE - _VENV_SHARE) * step.download_bytes / total
            middle = low + (high - low) * _DOWNLOAD_SHARE
            self._show("packages", low, "Downloading packages")
            self._download = (low, middle, step.download_bytes)
            status, output = self._child_output(
                self._pip_command(python, step),
                # What pip downloads lies here, where it can be measured and is cleared away.
                {name: str(download) for name in ("TMPDIR", "TEMP", "TMP")},
                partial(self._show_pip, middle),
            )
            self._download = None
            if status != 0:
                raise explain_pip(output, self._log_path)
            low = high

    def _pip_command(self, python: Path, step: PipStep) -> list[str]:
        command = [str(python), "-I", "-m", "pip", "install", *_PIP_OPTIONS, f"--cache-dir={self._downloads}"]
        if self._plan.find_links is not None:
            command += ["--no-index", f"--find-links={self._plan.find_links}"]
        elif step.extra_index_url is not None:
            command.append(f"--extra-index-url={step.extra_index_url}")
        return [*command, f"--requirement={step.requirements}"]

    def _show_pip(self, downloaded: float, line: str) -> None:
        words = line.split()
        if len(words) > 1 and words[0] == "Collecting":
            self._show("packages", 0.0, f"Downloading {words[1].partition('==')[0]}")
        elif line.startswith("Installing collected packages"):
            self._show("packages", downloaded, "Installing packages")

    def _child_output(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], object] = lambda line: None,
    ) -> tuple[int, list[str]]:
        """Run a child to its end; return its status and the lines that it printed, which are logged too."""
        with self._lock:
            if self._stop:
                raise _Stopped
            self._child = spawn(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                environment=environment,
            )
        child = self._child
        assert child.stdout is not None
        with child.stdout:
            lines = self._follow(child.stdout, on_line)
        status = child.wait()
        with self._lock:
            self._child = None
            if self._stop:
                raise _Stopped
        return status, lines

    def _follow(self, output: IO[bytes], on_line: Callable[[str], object]) -> list[str]:
        lines: list[str] = []
        rest = b""
        while chunk := output.read(1 << 16):
            self._log.write(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            for raw in whole:
                lines.append(raw.decode("utf-8", errors="replace").rstrip())
                on_line(lines[-1])
        self._log.flush()
        return [*lines, *([rest.decode("utf-8", errors="replace")] if rest else [])]
