"""Where the folders that travel with the add-on are: in a checkout, and in an installed extension."""

from __future__ import annotations

from pathlib import Path

from .errors import EngineCode, EngineError

ADDON_ROOT = Path(__file__).resolve().parent.parent
"""``mmtalker_addon`` in a checkout; the extension's own folder where it is installed."""

_WORKER_MODULE = Path("mmtalker", "worker", "wire.py")


def shipped_roots(addon_root: Path = ADDON_ROOT) -> tuple[Path, Path]:
    """Return the folders that can hold ``vendor`` and ``requirements``: the extension, the checkout."""
    return addon_root, addon_root.parent


def is_checkout(addon_root: Path = ADDON_ROOT) -> bool:
    """True where the add-on runs from a source checkout and not from an installed extension."""
    inside, beside = (root / "vendor" / _WORKER_MODULE for root in shipped_roots(addon_root))
    return beside.is_file() and not inside.is_file()


def find_vendor(addon_root: Path = ADDON_ROOT) -> Path:
    """Return the folder that holds the backend's package.

    Raises:
        EngineError: it is in neither place, so the installation is not whole.
    """
    for root in shipped_roots(addon_root):
        if (root / "vendor" / _WORKER_MODULE).is_file():
            return root / "vendor"
    raise EngineError(
        EngineCode.BROKEN_EXTENSION,
        f"MMTalker's folder {addon_root} lacks its backend 'vendor'. Install the extension again.",
    )


def find_requirements(addon_root: Path = ADDON_ROOT) -> Path:
    """Return the folder with the pinned requirement files.

    Raises:
        EngineError: it is in neither place, so the installation is not whole.
    """
    for root in shipped_roots(addon_root):
        if (root / "requirements").is_dir():
            return root / "requirements"
    raise EngineError(
        EngineCode.BROKEN_EXTENSION,
        f"MMTalker's folder {addon_root} lacks its 'requirements'. Install the extension again.",
    )
