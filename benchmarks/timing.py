"""Seconds of repeated work, as a whole or by the stages that it reports, and the memory it held."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from mmtalker.progress import Progress

PROC = Path("/proc")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Timing:
    """One piece of work, done several times.

    Attributes:
        runs: seconds of each.
    """

    runs: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.runs)

    @property
    def median(self) -> float:
        return median(self.runs)

    def to_json(self) -> dict[str, Any]:
        return {"best": self.best, "median": self.median, "runs": list(self.runs)}


@dataclass(frozen=True)
class Plan:
    """How often work is repeated.

    Attributes:
        runs: times at the most; the first one is always done.
        budget: seconds after which it is not begun once more.
    """

    runs: int = 5
    budget: float = 60.0

    def repeat(self, work: Callable[[], dict[str, float]]) -> dict[str, Timing]:
        """Do ``work``, which gives seconds by stage, again and again."""
        seconds: defaultdict[str, list[float]] = defaultdict(list)
        began = time.perf_counter()
        for run in range(self.runs):
            if run and time.perf_counter() - began > self.budget:
                break
            for stage, spent in work().items():
                seconds[stage].append(spent)
        return {stage: Timing(tuple(runs)) for stage, runs in seconds.items()}


def stage_seconds(work: Callable[[Progress], object]) -> dict[str, float]:
    """Do ``work`` and give the seconds by stage; a stage lasts from its first report to that of the next."""
    starts: dict[str, float] = {}

    def note(stage: str, fraction: float) -> None:
        starts.setdefault(stage, time.perf_counter())

    work(note)
    moments = [*starts.values(), time.perf_counter()]
    return {stage: moments[i + 1] - moments[i] for i, stage in enumerate(starts)}


def seconds_of(work: Callable[[], object]) -> float:
    """Do ``work`` once; give its seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak_memory_mb(pid: int | None = None) -> float | None:
    """Most resident memory that a process, or this one, has held, MB; None where the system does not tell."""
    status = PROC / ("self" if pid is None else str(pid)) / "status"
    if status.exists():
        # Not getrusage: on Linux that counts what the parent held when it started us.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / MEGABYTE
    if sys.platform == "darwin" and pid is None:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    return None
