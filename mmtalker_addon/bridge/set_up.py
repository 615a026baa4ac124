"""Setting the backend up as Blender's settings want it: what is downloaded, where to, whether it may be."""

from __future__ import annotations

import sys
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
    """Why nothing can or may be downloaded; empty where it may."""
    if bpy.app.online_access:
        return ""
    if bpy.app.online_access_override:
        return (
            "Set Up needs the internet once, and Blender was started offline: start it with --online-mode, "
            "or name an Own Python in MMTalker's preferences."
        )
    return (
        "Set Up needs the internet once, and Blender may not go online: turn on Allow Online Access in "
        "Preferences > System."
    )


def log_path() -> Path:
    """Where the installer's words go."""
    return user_folder() / "set_up.log"


def start(context: Any) -> InstallJob:
    """Look for a graphics card, which may take seconds, and begin; then it is the job's to say how far it is.

    Raises:
        EngineError: it cannot be done, and why.
    """
    device = prefs.settings(context).device
    gpu = device == "cuda" or (device == "auto" and find_gpu() is not None)
    return InstallJob(_plan(gpu), log_path(), online=bpy.app.online_access)


def describe(context: Any) -> str:
    """What Set Up would download and where to; quick, for a panel, so no graphics card is looked for."""
    device = prefs.settings(context).device
    try:
        plan, gpu_plan = _plan(gpu=device == "cuda"), _plan(gpu=device != "cpu")
    except EngineError as error:
        return error.message
    sources = "pypi.org" if plan.index_url is None else f"{urlsplit(plan.index_url).hostname} and pypi.org"
    size = f"about {_size(plan.download_bytes)}"
    if gpu_plan.download_bytes != plan.download_bytes:
        size += f" ({_size(gpu_plan.download_bytes)} where there is an NVIDIA graphics card)"
    return (
        f"Set Up downloads PyTorch and what it needs from {sources}, {size}, into {plan.target}. Where no "
        "Python on this machine fits, it fetches one from github.com as well. "
        "Neither mesh nor voice ever leaves this machine."
    )


def _plan(gpu: bool) -> InstallPlan:
    return plan_install(Path(sys.executable), user_folder(), find_requirements(), gpu=gpu)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
