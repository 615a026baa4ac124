"""What setting the backend up means on this machine: which packages, from where, and how much room."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .backend import BACKEND_FOLDER
from .child import NO_WINDOW, child_environment
from .errors import EngineCode, EngineError
from .fetch_python import PYTHON_FOLDER, FetchedPython, plan_fetch
from .install_errors import explain_os_error
from .pythons import SUPPORTED_PYTHONS, Version

MB = 10**6
GIB = 1 << 30

MODULES = ("numpy", "scipy", "soundfile", "safetensors", "torch")
"""What the backend imports beyond Python itself."""

_GPU_QUERY_SECONDS = 10.0
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_CUDA_INDEX = "https://download.pytorch.org/whl/cu130"


@dataclass(frozen=True)
class PipStep:
    """One call of pip.

    Attributes:
        requirements: a pinned requirement file with hashes.
        download_bytes: about how much it downloads, for the progress bar.
        extra_index_url: a second index to look in; the hashes make sure of what comes from there.
    """

    requirements: Path
    download_bytes: int
    extra_index_url: str | None = None


@dataclass(frozen=True)
class InstallPlan:
    """What to install, and where.

    Attributes:
        python: interpreter that makes the environment if it fits; in Blender its own, ``sys.executable``.
        user_folder: the extension's user folder; the environment becomes its ``backend``.
        steps: calls of pip, in order.
        disk_bytes: free space needed while installing.
        check_modules: modules that the new environment must be able to import.
        find_links: folder of wheels to install from without any network, or None.
        versions: Pythons that the steps hold packages for.
        search: whether another Python on this machine may be taken where ``python`` does not fit.
        fetch: a Python to fetch where none on the machine fits, or None.
    """

    python: Path
    user_folder: Path
    steps: tuple[PipStep, ...]
    disk_bytes: int
    check_modules: tuple[str, ...] = ()
    find_links: Path | None = None
    versions: tuple[Version, ...] = SUPPORTED_PYTHONS
    search: bool = False
    fetch: FetchedPython | None = None

    @property
    def target(self) -> Path:
        return self.user_folder / BACKEND_FOLDER

    @property
    def own_python(self) -> Path:
        """The folder of a Python that was fetched."""
        return self.user_folder / PYTHON_FOLDER

    @property
    def download_bytes(self) -> int:
        return sum(step.download_bytes for step in self.steps)

    @property
    def index_url(self) -> str | None:
        """The index that is asked besides pip's own, to be told to the user; None where there is none."""
        return next((step.extra_index_url for step in self.steps if step.extra_index_url), None)


def plan_install(
    python: Path,
    user_folder: Path,
    requirements: Path,
    *,
    gpu: bool,
    version: tuple[int, int] = sys.version_info[:2],
    system: str = sys.platform,
) -> InstallPlan:
    """Return the plan for this machine.

    Args:
        python: interpreter that makes the environment.
        user_folder: the extension's user folder.
        requirements: folder of the shipped requirement files (``paths.find_requirements``).
        gpu: take the CUDA build of torch, where there is one.
        version: of ``python``.
        system: as ``sys.platform`` names it.
    """
    versions: tuple[Version, ...] = SUPPORTED_PYTHONS
    if gpu and has_cuda_build(version, system):
        torch = PipStep(requirements / "torch-cuda.txt", 2500 * MB, _CUDA_INDEX)
        versions = tuple(one for one in versions if has_cuda_build(one, system))
        disk_bytes = 12 * GIB
    else:
        torch = PipStep(requirements / "torch-cpu.txt", 195 * MB, _CPU_INDEX)
        disk_bytes = 3 * GIB
    return InstallPlan(
        python=python,
        user_folder=user_folder,
        steps=(torch, PipStep(requirements / "backend.txt", 110 * MB)),
        disk_bytes=disk_bytes,
        check_modules=MODULES,
        versions=versions,
        search=True,
        fetch=plan_fetch(requirements, system),
    )


def check_install(plan: InstallPlan, *, online: bool) -> None:
    """Refuse what cannot succeed, before anything is written.

    Raises:
        EngineError: offline, too little disk space, or a file of the plan is missing.
    """
    if plan.find_links is None and not online:
        raise EngineError(
            EngineCode.OFFLINE,
            "Setting the backend up needs the internet once, and Blender's online access is off. "
            "Allow it in Preferences > System > Network, or set Own Python in MMTalker's preferences.",
        )
    if not plan.python.is_file() and not plan.search:
        raise EngineError(
            EngineCode.SETUP_FAILED,
            f"There is no Python at {plan.python}. Set Own Python in MMTalker's preferences.",
        )
    for step in plan.steps:
        if not step.requirements.is_file():
            raise EngineError(
                EngineCode.BROKEN_EXTENSION,
                f"MMTalker lacks {step.requirements}. Install the extension again.",
            )
    try:
        plan.user_folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(plan.user_folder).free
    except OSError as error:
        raise explain_os_error(error, plan.user_folder) from error
    if free < plan.disk_bytes:
        raise EngineError(
            EngineCode.DISK_FULL,
            f"Setting the backend up takes {plan.disk_bytes / GIB:.1f} GiB for a while and "
            f"{plan.user_folder} has {free / GIB:.1f} GiB left. Free some space and try again.",
        )


def has_cuda_build(version: Version, system: str) -> bool:
    """True where ``torch-cuda.txt`` has a wheel for this Python on this system."""
    return system == "linux" or (system == "win32" and version == (3, 13))


def find_gpu() -> str | None:
    """Return the name of the first NVIDIA GPU, or None; asks ``nvidia-smi``, so it can take seconds."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GPU_QUERY_SECONDS,
            check=True,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    names = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    return names[0] if names else None
