"""An older revision beside the working tree: both measured in turn, so that both meet the same machine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.apart import CaseFailed, run_apart
from benchmarks.report import columns
from benchmarks.setting import Case, Machine
from benchmarks.timing import Plan
from lab.circumstances import ROOT
from mmtalker.errors import ErrorCode, MMTalkerError

ROUNDS = 3
"""Turns of each version."""

WORSE = 1.15
"""What takes this many times as long, or as much memory, is marked."""

LEAST_SECONDS = 0.005
"""Stages that are shorter say more about the clock than about the code: they are never marked."""


@contextlib.contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """A folder with a revision's files and the weights that Git ignores; gone afterwards.

    Raises:
        MMTalkerError: BAD_REQUEST, there is no such revision.
    """
    with tempfile.TemporaryDirectory(prefix="mmtalker-against-") as folder:
        root = Path(folder) / "checkout"
        try:
            _git("worktree", "add", "--detach", str(root), revision)
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip().splitlines()[-1]
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST, f"No revision {revision} to measure against: {reason}."
            ) from error
        try:
            for name in _git("ls-files", "-o", "-i", "--exclude-standard", "vendor").splitlines():
                if "__pycache__" not in name:
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, root / name)
            yield root
        finally:
            _git("worktree", "remove", "--force", str(root))


@dataclass(frozen=True)
class Compared:
    """One figure of one case, of both versions.

    Attributes:
        case: its name. what: a stage, in seconds, or ``peak MB``.
        then, now: medians of all runs; None where that version does not tell.
    """

    case: str
    what: str
    then: float | None
    now: float | None

    @property
    def ratio(self) -> float | None:
        """How many times the older version's it is now."""
        return self.now / self.then if self.now and self.then else None

    @property
    def is_worse(self) -> bool:
        """True for what an author should look at."""
        return (
            self.ratio is not None
            and self.ratio >= WORSE
            and self.now is not None
            and self.now >= LEAST_SECONDS
        )


def compare(
    cases: Sequence[Case], machine: Machine, plan: Plan, revision: str
) -> tuple[list[Compared], list[str]]:
    """Measure both versions in turn; gives the figures, and a line for each version's case that failed."""
    found, failed = [], []
    turn = replace(plan, runs=max(1, plan.runs // 2), budget=plan.budget / ROUNDS)
    with checkout(revision) as then:
        for case in cases:
            print(f"· {case.name} ...", flush=True)
            results: dict[Path, list[dict[str, Any]]] = {then: [], ROOT: []}
            broken: set[Path] = set()
            for _ in range(ROUNDS):
                for root, done in results.items():
                    if root in broken:
                        continue
                    try:
                        done.append(run_apart(case, machine, turn, root))
                    except CaseFailed as error:
                        broken.add(root)
                        failed.append(f"{case.name}, {'now' if root == ROOT else revision}: {error}")
            found += figures(case.name, results[then], results[ROOT])
    return found, failed


def figures(case: str, then: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[Compared]:
    """The figures of one case out of the results of each version's turns."""
    before, after = _medians(then), _medians(now)
    return [Compared(case, what, before.get(what), after.get(what)) for what in {**before, **after}]


def _medians(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    runs: dict[str, list[float]] = {}
    for result in results:
        for stage, timing in result["seconds_by_stage"].items():
            runs.setdefault(stage, []).extend(timing["runs"])
        if result["peak_memory_mb"] is not None:
            runs.setdefault("peak MB", []).append(result["peak_memory_mb"])
    return {what: median(values) for what, values in runs.items()}


def table(found: Sequence[Compared], revision: str) -> str:
    """Rows of a case and its figures, then and now; what became worse is marked."""
    rows = [("case", "stage", revision, "now", "ratio", "")]
    last = ""
    for each in found:
        name, last = each.case if each.case != last else "", each.case
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        rows.append(
            (name, each.what, _number(each.then), _number(each.now), ratio, "worse" if each.is_worse else "")
        )
    return columns(rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout
