"""Cases of the worker, as the add-on starts and asks it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from benchmarks import material
from benchmarks.setting import Case, Measured, Setting
from benchmarks.timing import Plan, Timing, peak_memory_mb, seconds_of
from lab.circumstances import ROOT


class _Worker:
    """The worker as the add-on starts it, and requests to it that wait for their answers."""

    def __init__(self, setting: Setting) -> None:
        from mmtalker_addon.engine.client import WorkerClient

        command = [sys.executable, "-I", "-u", str(ROOT / "vendor"), "worker"]
        self._device = setting.machine.device
        self._cache = str(setting.folder / "cache")
        self._client = WorkerClient(command, setting.folder / "worker.log", device=self._device)

    def greet(self) -> None:
        """Start it and wait until it is ready."""
        self._client.start()
        self.ask("hello", protocol=1, client="benchmarks", cache_dir=self._cache, device=self._device)

    def ask(self, kind: str, arrays: Mapping[str, NDArray[Any]] | None = None, **fields: Any) -> None:
        from mmtalker_addon.engine.client import Failure, Reply, WorkerLost

        number = self._client.send(kind, fields, arrays or {})
        while True:
            for event in self._client.poll():
                if isinstance(event, WorkerLost | Failure):
                    raise RuntimeError(event.message)
                if isinstance(event, Reply) and event.frame.id == number:
                    return
            time.sleep(1e-4)

    def peak_memory_mb(self) -> float | None:
        return peak_memory_mb(self._client.pid)

    def stop(self) -> None:
        self._client.shutdown()


def measure_map(case: Case, setting: Setting) -> Measured:
    """A head of unknown topology to be looked at, from request to answer; then once more from its caches."""
    mesh, _ = material.head(case.head, case.vertices)
    arrays = {
        "vertices": mesh.vertices,
        "loop_vertices": mesh.loop_vertices,
        "loop_starts": mesh.loop_starts,
    }
    worker = _Worker(setting)

    def look() -> float:
        return seconds_of(lambda: worker.ask("map", arrays, name=case.name))

    def in_another_life() -> dict[str, float]:
        worker.greet()
        try:
            return {"again, disk": look()}
        finally:
            worker.stop()

    try:
        worker.greet()
        first = Timing((look(),))
        again = setting.plan.repeat(lambda: {"again, memory": look()})
        peak = worker.peak_memory_mb()
    finally:
        worker.stop()
    return Measured({"first": first, **setting.plan.repeat(in_another_life), **again}, peak)


def measure_worker(case: Case, setting: Setting) -> Measured:
    """The worker as the add-on starts it: until it has greeted, and from a ping to its pong."""
    worker = _Worker(setting)

    def life() -> dict[str, float]:
        try:
            return {"start": seconds_of(worker.greet)}
        finally:
            worker.stop()

    started = setting.plan.repeat(life)
    try:
        worker.greet()
        pinged = Plan(100).repeat(lambda: {"ping": seconds_of(lambda: worker.ask("ping"))})
        peak = worker.peak_memory_mb()
    finally:
        worker.stop()
    return Measured(started | pinged, peak)
