"""Runs a case in a process of its own: only so is the peak of memory that of the case, and nothing warm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from benchmarks.setting import Case, Machine
from benchmarks.timing import Plan
from lab.circumstances import ROOT


class CaseFailed(Exception):
    """A case gave no result; the message is the last that its process said."""


def run_apart(case: Case, machine: Machine, plan: Plan, root: Path = ROOT) -> dict[str, Any]:
    """Run a case in a new process.

    Args:
        case, machine, plan: what, on what, how often.
        root: of the checkout whose code is measured, by its own benchmarks.

    Raises:
        CaseFailed: it ended without a result.
    """
    if case.threads:
        case, machine = replace(case, threads=0), replace(machine, threads=case.threads)
    # What is as usual is left out: an older version need not know of it.
    about = {f.name: getattr(case, f.name) for f in fields(case) if getattr(case, f.name) != f.default}
    order = {"case": about, "machine": asdict(machine), "plan": asdict(plan)}
    paths = [str(root / "vendor"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        input=json.dumps(order),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise CaseFailed(lines[-1])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
