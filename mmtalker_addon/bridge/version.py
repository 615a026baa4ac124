"""The add-on's version, read from the one place that states it: the manifest."""

from __future__ import annotations

import tomllib
from functools import cache

from ..engine.paths import find_vendor


@cache
def addon_version() -> str:
    """Version such as ``0.1.0``; the manifest lies beside ``vendor``, in a checkout and installed."""
    text = (find_vendor().parent / "blender_manifest.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["version"])
