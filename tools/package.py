"""Makes the zip that Blender installs: the same bytes whenever it is made from the same files."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools import encoder
from tools.console import Fault, environment, run_logged
from tools.environments import LOG, ROOT

MANIFEST = ROOT / "blender_manifest.toml"
# What the extension's own set-up installs for its user.
LOCKS = ("backend.txt", "torch-cpu.txt", "torch-cuda.txt", "python.json")
# Without one of these the extension could not work.
NEEDED = (
    "__init__.py",
    "vendor/mmtalker/__main__.py",
    "vendor/weights/config.json",
    "vendor/weights/mapping.json",
    "vendor/weights/mapping.safetensors",
    "vendor/weights/mmtalker.safetensors",
)
# A zip cannot hold a date before this one; every entry gets it.
DATE = (1980, 1, 1, 0, 0, 0)
LEFT_OUT_FOLDERS = {"__pycache__"}
LEFT_OUT_SUFFIXES = {".pyc", ".pyo", ".tmp"}
# Data that does not get smaller; the rest is text.
STORED_SUFFIXES = {".safetensors", ".npz", ".ogg", ".png"}


def version() -> str:
    """The product's version, which the manifest alone holds."""
    return str(tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["version"])


def entries(root: Path = ROOT) -> dict[PurePosixPath, Path]:
    """Every file of the package: its place in the zip, and where it is now.

    The add-on's files lie at the zip's root, where Blender looks for ``__init__.py``; the backend beside.
    """
    found = {
        PurePosixPath("blender_manifest.toml"): root / "blender_manifest.toml",
        PurePosixPath("LICENSE"): root / "LICENSE",
    }
    for source, prefix in ((root / "mmtalker_addon", ""), (root / "vendor", "vendor")):
        for path in _files(source):
            found[PurePosixPath(prefix, path.relative_to(source).as_posix())] = path
    for name in LOCKS:
        found[PurePosixPath("requirements", name)] = root / "requirements" / name
    return dict(sorted(found.items()))


def write_zip(target: Path, files: dict[PurePosixPath, Path]) -> None:
    """Write ``files`` to ``target``, all with one date and one mode: the bytes follow from the contents."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, path in files.items():
                info = zipfile.ZipInfo(str(name), DATE)
                info.create_system = 3  # Unix, wherever this runs
                info.external_attr = 0o100644 << 16
                stored = path.suffix in STORED_SUFFIXES
                info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                archive.writestr(info, path.read_bytes(), compresslevel=9)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def build(python: Path) -> Path:
    """Write ``dist/mmtalker-VERSION.zip`` and let Blender's own validator judge it.

    Args:
        python: an interpreter that has Blender as a module.

    Raises:
        Fault: something that belongs in the package is missing, or Blender's validator refuses it.
    """
    files = entries()
    missing = [name for name in NEEDED if PurePosixPath(name) not in files]
    if missing:
        raise Fault(f"The package would lack {', '.join(missing)}; is this checkout complete?")
    if not encoder.is_ready():
        raise Fault("The speech encoder is missing. Run: python3 build.py setup")
    target = ROOT / "dist" / f"mmtalker-{version()}.zip"
    write_zip(target, files)
    status, output = run_logged([str(python), str(validator(python)), "validate", str(target)], LOG)
    if status != 0:
        target.unlink()
        raise Fault(f"Blender's own validator refuses the package:\n{output.strip()}")
    return target


def validator(python: Path) -> Path:
    """Blender's command-line tool for extensions, found in the module without starting Blender."""
    ask = "import importlib.util; print(importlib.util.find_spec('bpy').submodule_search_locations[0])"
    answer = subprocess.run(
        [python, "-c", ask], env=environment(), capture_output=True, text=True, check=True
    )
    found = sorted(Path(answer.stdout.strip()).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    if not found:
        raise Fault(
            f"Blender's blender_ext.py is not where {python} has bpy. Remove .venv and run setup again."
        )
    return found[-1]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(
            part.startswith(".") or part in LEFT_OUT_FOLDERS for part in path.relative_to(folder).parts
        )
        if path.is_file() and not hidden and path.suffix not in LEFT_OUT_SUFFIXES:
            yield path
