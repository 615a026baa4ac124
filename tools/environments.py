"""Makes virtual environments from lock files, and knows when one is already as it should be."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.console import Fault, environment, run_logged, say, stage
from tools.interpreters import BLENDER_OF_PYTHON, PYTHON_OF_BLENDER, Interpreter, choose, find

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
CACHE = ROOT / ".cache"
LOG = CACHE / "setup.log"

GIB = 1 << 30
# Installed size with the wheels that pip keeps until it is done.
SPACE_NEEDED = {"cpu": 5 * GIB, "cuda": 14 * GIB, "none": 3 * GIB}
# PyTorch's documented indexes, asked where the configured ones do not have the build.
TORCH_INDEX = {
    "cpu": "https://download.pytorch.org/whl/cpu",
    "cuda": "https://download.pytorch.org/whl/cu130",
}
# What pip prints when it cannot reach an index.
UNREACHABLE_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "SSLError",
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment as it should be."""

    folder: Path
    interpreter: Interpreter
    torch: str  # "cpu", "cuda" or "none"
    locks: tuple[str, ...]

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        return self.folder / "mmtalker-setup.json"

    @property
    def blender(self) -> str:
        """Which Blender's module it holds."""
        return BLENDER_OF_PYTHON[self.interpreter.version]

    def digest(self) -> str:
        """Changes with the Python, the options and every lock file that the environment is made from."""
        names = [*self.locks, *(() if self.torch == "none" else (f"torch-{self.torch}.txt",))]
        digest = hashlib.sha256(f"{self.interpreter.version} {self.torch}".encode())
        for name in names:
            digest.update(name.encode() + b"\0" + (REQUIREMENTS / name).read_bytes())
        return digest.hexdigest()


def read_stamp(folder: Path) -> dict[str, str]:
    """What is known of an environment that was made before; empty where there is none."""
    try:
        found = json.loads((folder / "mmtalker-setup.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamp(made: Environment) -> None:
    stamp = {
        "digest": made.digest(),
        "python": made.interpreter.version,
        "torch": made.torch,
        "train": "yes" if "train.txt" in made.locks else "no",
    }
    made.stamp.write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def is_ready(wanted: Environment) -> bool:
    return wanted.python.exists() and read_stamp(wanted.folder).get("digest") == wanted.digest()


def nvidia_gpu() -> bool:
    """Whether an NVIDIA GPU with its driver is present."""
    if any(Path("/proc/driver/nvidia/gpus").glob("*")):
        return True
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        listing = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return listing.returncode == 0 and "GPU 0" in listing.stdout


def cuda_build_exists(version: str, system: str = sys.platform) -> bool:
    """Whether ``torch-cuda.txt`` has a wheel for this Python on this system."""
    return system == "linux" or (system == "win32" and version == "3.13")


def choose_torch(device: str, version: str, made_before: str | None) -> str:
    """Which build of torch an environment gets: "cpu" or "cuda".

    An explicit ``device`` decides. "auto" keeps what was installed before, and first looks for a GPU.

    Raises:
        Fault: CUDA was asked for where there is no such build.
    """
    if device == "cuda" and not cuda_build_exists(version):
        raise Fault(
            f"There is no CUDA build of torch to install for Python {version} on {platform.system()}. "
            "Use --device cpu, or Linux, or Python 3.13 on Windows."
        )
    if device != "auto":
        return device
    if made_before in TORCH_INDEX:
        return made_before
    return "cuda" if cuda_build_exists(version) and nvidia_gpu() else "cpu"


def main_environment(device: str = "auto", train: bool = False) -> Environment:
    """``.venv``: backend, tools and one Blender. Keeps the Python and the torch that it was made with."""
    folder = ROOT / ".venv"
    before = read_stamp(folder)
    interpreter = find(before["python"]) if before.get("python") in BLENDER_OF_PYTHON else None
    if interpreter is None:
        interpreter = choose()
    torch = choose_torch(device, interpreter.version, before.get("torch"))
    blender = BLENDER_OF_PYTHON[interpreter.version]
    locks = ["backend.txt", f"blender-{blender}.txt", "dev.txt"]
    if train or before.get("train") == "yes":
        locks.append("train.txt")
    return Environment(folder, interpreter, torch, tuple(locks))


def blender_environment(blender: str) -> Environment | None:
    """``.venv-X``: one line of Blender and pytest alone; None where its Python is not on this machine."""
    interpreter = find(PYTHON_OF_BLENDER[blender])
    if interpreter is None:
        return None
    return Environment(ROOT / f".venv-{blender}", interpreter, "none", (f"blender-{blender}.txt",))


def ensure(wanted: Environment) -> None:
    """Make an environment, or leave it alone when it is as it should be.

    Raises:
        Fault: with what is missing and what to do about it.
    """
    if is_ready(wanted):
        return
    version, log = wanted.interpreter.version, LOG.relative_to(ROOT)
    say(f"Setting up {wanted.folder.name} with Python {version}; all that pip says is in {log}")
    _check_space(wanted, wanted.torch)
    before = read_stamp(wanted.folder)
    # Without a stamp that can be trusted the next call begins again, whatever happens from here on.
    wanted.stamp.unlink(missing_ok=True)
    if before.get("python") != wanted.interpreter.version or not wanted.python.exists():
        with stage("virtual environment"):
            _make_venv(wanted)
    if wanted.torch != "none":
        with stage(f"torch 2.13, {wanted.torch.upper()} build"):
            _install_torch(wanted)
    with stage(f"Blender {wanted.blender} as a module, and packages"):
        output = _pip(wanted, [f"-r{REQUIREMENTS / name}" for name in wanted.locks])
        if output is not None:
            raise explain(output)
    if wanted.torch != "none":
        _link_backend(wanted)
        _check_complete(wanted)
    write_stamp(wanted)


def explain(output: str) -> Fault:
    """Turn what pip printed before it gave up into a sentence with a way out."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR") or "Errno" in line]
    last = "\n".join((errors or lines)[-5:])[-1500:]
    causes = (
        (("No space left on device",), "The disk is full. Free some space and run this again."),
        (
            ("DO NOT MATCH THE HASHES",),
            "A downloaded file is not the one that the lock file names. Run this again; if it stays so, the "
            "package index or a proxy hands out something else, and nothing was installed from it.",
        ),
        (
            UNREACHABLE_SIGNS,
            "The package index could not be reached. Check the network (and pip's proxy or index settings) "
            "and run this again: what was downloaded is kept.",
        ),
        (
            ("No matching distribution",),
            f"A package has no file for this machine ({platform.system()} {platform.machine()}). Blender's "
            "module is published for Linux x86_64, macOS and Windows.",
        ),
    )
    for signs, sentence in causes:
        if any(sign in output for sign in signs):
            return Fault(f"{sentence}\npip's last words (all of them: {LOG.relative_to(ROOT)}):\n{last}")
    return Fault(f"The installation failed. pip's last words (all of them: {LOG.relative_to(ROOT)}):\n{last}")


def _check_space(wanted: Environment, torch: str) -> None:
    free, needed = shutil.disk_usage(ROOT).free, SPACE_NEEDED[torch]
    if free < needed:
        raise Fault(
            f"Setting up {wanted.folder.name} takes {needed / GIB:.0f} GiB for a while, and {ROOT} has "
            f"{free / GIB:.1f} GiB left. Free some space and run this again."
        )


def _make_venv(wanted: Environment) -> None:
    status, output = run_logged(
        [str(wanted.interpreter.path), "-m", "venv", "--clear", str(wanted.folder)], LOG
    )
    if status != 0:
        version = wanted.interpreter.version
        raise Fault(
            f"Python {version} could not make a virtual environment in {wanted.folder}. Where its venv "
            f"module is packaged apart, install that (Debian, Ubuntu: apt install python{version}-venv), and "
            "run this again.\n"
            f"{output.strip()[-800:]}"
        )


def _pip(wanted: Environment, arguments: list[str]) -> str | None:
    """Install with hashes checked; None when it went well, else all that pip printed.

    The locks are complete, so pip resolves nothing (``--no-deps``). Modules are compiled at their first use:
    most of them never are.
    """
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--no-input"]
    options += ["--progress-bar=off", "--disable-pip-version-check"]
    status, output = run_logged([str(wanted.python), "-m", "pip", "install", *options, *arguments], LOG)
    return None if status == 0 else output


def _install_torch(wanted: Environment) -> None:
    """The configured indexes first, then PyTorch's own, then the default build, on Linux one for CUDA."""
    arguments = [f"-r{REQUIREMENTS / f'torch-{wanted.torch}.txt'}"]
    if (output := _pip(wanted, arguments)) is None:
        return
    reached = not any(sign in output for sign in UNREACHABLE_SIGNS)
    if not reached or "No matching distribution" not in output:
        raise explain(output)
    say(f"  not in the configured package index; asking {TORCH_INDEX[wanted.torch]}")
    patience = ["--retries=1", "--timeout=15"]
    output = _pip(wanted, [f"--index-url={TORCH_INDEX[wanted.torch]}", *patience, *arguments])
    if output is None:
        return
    if wanted.torch == "cpu" and cuda_build_exists(wanted.interpreter.version):
        say(
            "  not to be had there; taking the default build, which brings several GB of CUDA libraries along"
        )
        _check_space(wanted, "cuda")
        output = _pip(wanted, [f"-r{REQUIREMENTS / 'torch-cuda.txt'}"])
        if output is None:
            return
    raise explain(output)


def _link_backend(wanted: Environment) -> None:
    """Let ``python -m mmtalker`` work in the environment, on the files of this checkout."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run(
        [wanted.python, "-c", ask], env=environment(), capture_output=True, text=True, check=True
    )
    Path(answer.stdout.strip(), "mmtalker-checkout.pth").write_text(f"{ROOT / 'vendor'}\n", encoding="utf-8")


def _check_complete(wanted: Environment) -> None:
    status, output = run_logged(
        [str(wanted.python), "-m", "pip", "check", "--disable-pip-version-check"], LOG
    )
    if status != 0:
        raise Fault(f"The lock files do not fit together; please report this:\n{output.strip()[-1500:]}")
