"""The product's version, read from the one place that states it: ``blender_manifest.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError

MANIFEST = Path(__file__).resolve().parents[2] / "blender_manifest.toml"
"""Beside ``vendor/``, in a checkout as in an installed extension."""


def read_version(manifest: Path) -> str:
    """Return the ``version`` that a Blender extension manifest states.

    Raises:
        MMTalkerError: ``INTERNAL``, if the file is missing or states none.
    """
    try:
        version = tomllib.loads(manifest.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError) as error:
        raise MMTalkerError(
            ErrorCode.INTERNAL,
            f"MMTalker's manifest '{manifest}' is missing or damaged. Reinstall the extension.",
        ) from error
    return str(version)


@cache
def version() -> str:
    """Return MMTalker's version, such as ``0.1.0``."""
    return read_version(MANIFEST)
