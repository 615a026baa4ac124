"""Setting the backend up: a virtual environment with pinned packages, whole or not there at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError
from .status import JobStatus


@dataclass(frozen=True)
class InstallPlan:
    """What to install, and where.

    Attributes:
        python: interpreter that makes the environment; in Blender its own, ``sys.executable``.
        user_folder: the extension's user folder; the environment becomes its ``backend``.
        requirements: pinned requirement files with hashes, installed together.
        download_bytes: about how much is downloaded, for the progress bar.
        disk_bytes: free space needed while installing.
        index_url: package index in place of pip's own, or None.
        find_links: folder of wheels to install from without any network, or None.
        check_modules: modules that the new environment must be able to import.
    """

    python: Path
    user_folder: Path
    requirements: tuple[Path, ...]
    download_bytes: int
    disk_bytes: int
    index_url: str | None = None
    find_links: Path | None = None
    check_modules: tuple[str, ...] = ()


def find_gpu() -> str | None:
    """Return the name of the first NVIDIA GPU, or None; asks ``nvidia-smi``, so it can take seconds."""
    raise NotImplementedError


def plan_install(python: Path, user_folder: Path, requirements: Path, *, gpu: bool) -> InstallPlan:
    """Return the plan for this machine from the shipped requirement files; ``gpu`` takes the CUDA build."""
    raise NotImplementedError


class InstallJob:
    """Carries out an :class:`InstallPlan`; ``step`` it until its status has ended.

    The work is done by a thread that touches no Blender data. Nothing is left behind unless it is done.
    """

    def __init__(self, plan: InstallPlan, log_path: Path, *, online: bool) -> None:
        """Check what can be checked, then begin.

        Raises:
            EngineError: offline, too little disk space, or no such interpreter or requirement file.
        """
        raise NotImplementedError

    @property
    def error(self) -> EngineError | None:
        raise NotImplementedError

    def step(self) -> JobStatus:
        raise NotImplementedError

    def cancel(self) -> None:
        raise NotImplementedError
