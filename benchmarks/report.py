"""The table on the terminal, and what has to be known to read its figures."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.material import ROOT

CPU_INFO = Path("/proc/cpuinfo")


def circumstances() -> dict[str, Any]:
    """Commit, date, machine."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        # Other programs at work: figures of a busy machine are no measure.
        "load_at_start": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Rows of a case and its stages: best and median of the runs, real-time factor, peak memory."""
    rows = [("case", "stage", "best s", "median s", "runs", "x real time", "peak MB")]
    for result in results:
        name, memory = result["name"], result["peak_memory_mb"]
        for stage, timing in result["seconds_by_stage"].items():
            rows.append(
                (
                    name,
                    stage,
                    _seconds(timing["best"]),
                    _seconds(timing["median"]),
                    str(len(timing["runs"])),
                    f"{timing['median'] / result['audio_seconds']:.4f}" if result["kind"] == "audio" else "",
                    "" if memory is None or not name else f"{memory:.0f}",
                )
            )
            name = ""
        if "real_time_factor" in result:
            rows.append(("", "all", "", "", "", f"{result['real_time_factor']:.4f}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value >= 0.1 else f"{value:.5f}"


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
