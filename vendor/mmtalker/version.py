"""Which MMTalker this is: the version that ``blender_manifest.toml`` states, and a digest of the code."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.shipped import PACKAGE, shipped

MANIFEST = shipped("blender_manifest.toml")
"""What states the version."""


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


@cache
def source_digest(package: Path = PACKAGE) -> str:
    """Return a digest of the backend's own code and assets, so that nobody has to raise a number by hand.

    Everything that is pinned in the code, such as the speech encoder's checksum, is part of it.
    """
    digest = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.npz")]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}:{len(content)};".encode() + content)
    return digest.hexdigest()
