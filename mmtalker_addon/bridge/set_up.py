"""Setting the backend up as Blender's settings want it: what is downloaded, where to, whether it may be."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bpy

from .. import prefs
from ..engine.errors import EngineError
from ..engine.install import InstallJob
from ..engine.install_plan import InstallPlan, find_gpu, plan_install
from ..engine.paths import find_requirements
from .backend import user_folder


def find_problem() -> str:
    """Why nothing may be downloaded; empty where it may."""
    if bpy.app.online_access:
        return ""
    if bpy.app.online_access_override:
        return "Blender was started offline: start it with --online-mode, or name an own Python."
    return "Blender may not go online: turn on Allow Online Access in Preferences > System."


def log_path() -> Path:
    """Where the installer's words go."""
    return user_folder() / "set_up.log"


def start(context: Any) -> InstallJob:
    """Begin; from here on it is the job's to say how far it is.

    Raises:
        EngineError: it cannot be done, and why.
    """
    return InstallJob(_plan(context), log_path(), online=bpy.app.online_access)


def describe(context: Any) -> str:
    """What Set Up would download and where to."""
    try:
        plan = _plan(context)
    except EngineError as error:
        return error.message
    sources = "pypi.org" if plan.index_url is None else f"{urlsplit(plan.index_url).hostname} and pypi.org"
    return (
        f"Set Up downloads PyTorch and what it needs from {sources}, about {_size(plan.download_bytes)}, "
        f"into {plan.target}. Neither mesh nor voice ever leaves this machine."
    )


def _plan(context: Any) -> InstallPlan:
    device = prefs.settings(context).device
    gpu = device == "cuda" or (device == "auto" and _has_gpu())
    return plan_install(Path(sys.executable), user_folder(), find_requirements(), gpu=gpu)


@cache
def _has_gpu() -> bool:
    # Asked once for each Blender: the question starts a process, and a panel is drawn many times a second.
    return find_gpu() is not None


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
