"""Says which stage of the demo runs, and keeps how long it took and how much memory it held."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
INTERVAL = 0.05


@dataclass(frozen=True)
class Stage:
    """One stage: its seconds, and the most memory that the demo and its children held, None if unknown."""

    name: str
    seconds: float
    peak_mb: float | None


@dataclass
class Stopwatch:
    """Times the stages that are run through it, one after another."""

    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce a stage, run it, and say how long it took."""
        print(f"· {name} ...", flush=True)
        started = time.perf_counter()
        with _peak_memory() as peak:
            yield
        seconds = time.perf_counter() - started
        self.stages.append(Stage(name, seconds, peak[0] / 1e6 if peak[0] else None))
        print(f"  {seconds:.1f} s", flush=True)

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(stage.seconds for stage in self.stages)


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """Sample resident bytes of this process and its descendants; the list's one number is the highest."""
    peak, stop = [0], threading.Event()

    def sample() -> None:
        while True:
            peak[0] = max(peak[0], resident_bytes(os.getpid()))
            if stop.wait(INTERVAL):
                return

    if not (PROC / "self" / "statm").exists():  # only Linux says it without a library
        yield peak
        return
    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def resident_bytes(root: int) -> int:
    """Resident bytes of a process and all its descendants; a page that two of them share counts twice."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            pages[int(folder.name)] = int((folder / "statm").read_text().split()[1])
        except (OSError, IndexError):  # it ended while we looked
            continue
        parents[int(folder.name)] = int(after_name[1])
    family = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        if not more:
            return sum(pages.get(pid, 0) for pid in family) * os.sysconf("SC_PAGE_SIZE")
        family |= more
