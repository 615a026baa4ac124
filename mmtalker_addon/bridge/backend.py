"""The one worker of this Blender: found, started at the first use, replaced when its settings change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import compat, prefs
from ..engine.backend import Backend, NoBackend, find_backend
from ..engine.client import WorkerClient
from ..engine.log import latest_worker_log, remove_old_worker_logs, worker_log
from ..engine.own_python import PythonChecks

SILENCE_LIMIT = 60.0
"""Seconds without any sign of life after which a worker counts as hung."""

_LOG_FOLDER = "logs"


_CHOICE_SECONDS = 3.0
"""How long choosing an Own Python may wait until it is known what it lacks."""


class _Holder:
    client: WorkerClient | None = None
    checks = PythonChecks()


def user_folder() -> Path:
    """MMTalker's own folder, kept over updates; nothing is ever written beside the code."""
    return compat.user_folder()


def latest_log() -> Path | None:
    """What the worker wrote in this Blender or, before it has run in it, in the last; None if nothing."""
    return latest_worker_log(user_folder() / _LOG_FOLDER)


def find(context: Any) -> Backend | NoBackend:
    """The interpreter to run, or the sentence that says why there is none."""
    own = prefs.settings(context).backend_python
    return find_backend(own, user_folder(), find_problem=_Holder.checks.problem)


def look_at_own_python(context: Any) -> None:
    """Find out what the Own Python lacks, once it was chosen: the panel then says it at once."""
    own = prefs.settings(context).backend_python
    find_backend(
        own, user_folder(), find_problem=lambda python: _Holder.checks.problem(python, _CHOICE_SECONDS)
    )


def client(context: Any, backend: Backend) -> WorkerClient:
    """The worker for this backend; the same one as last time while nothing about it has changed."""
    device = prefs.settings(context).device
    held = _Holder.client
    if held is not None and (held.command, held.device) == (backend.command, device):
        return held
    stop()
    folder = user_folder()
    logs = folder / _LOG_FOLDER
    remove_old_worker_logs(logs)
    _Holder.client = WorkerClient(
        backend.command, worker_log(logs), SILENCE_LIMIT, cache_dir=folder / "cache", device=device
    )
    return _Holder.client


def abandon() -> None:
    """End the worker at once; the next use starts a new one."""
    if _Holder.client is not None:
        _Holder.client.kill()


def stop() -> None:
    """End the worker and forget it."""
    if _Holder.client is not None:
        _Holder.client.shutdown(grace=0.5)
    _Holder.client = None
