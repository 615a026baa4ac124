"""The table on the terminal, and what has to be known to read its figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def machine_line(report: dict[str, Any]) -> str:
    """On what a report was measured, and which code."""
    commit = (report["commit"] or "unknown")[:10] + (" with changes" if report["uncommitted_changes"] else "")
    return (
        f"{report['device']}, {report['threads']} threads, torch {report['torch']}, {report['dtype']}, "
        f"{report['processor']}, commit {commit}, {report['date'][:10]}"
    )


def table(results: list[dict[str, Any]]) -> str:
    """Rows of a case and its stages: best and median of the runs, times real time, peak memory."""
    rows = [("case", "stage", "best s", "median s", "runs", "x real time", "peak MB")]
    for result in results:
        name, memory = result["name"], result["peak_memory_mb"]
        for stage, timing in result["seconds_by_stage"].items():
            faster = result["seconds"] / timing["best"] if result["kind"] in ("audio", "dtype") else 0.0
            rows.append(
                (
                    name,
                    stage,
                    _seconds(timing["best"]),
                    _seconds(timing["median"]),
                    str(len(timing["runs"])),
                    f"{faster:.1f}" if faster else "",
                    "" if memory is None or not name else f"{memory:.0f}",
                )
            )
            name = ""
    return columns(rows)


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Lay rows out, the first as a heading; words stand left, and from the third column on numbers right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def findings(results: list[dict[str, Any]]) -> list[str]:
    """What the cases say together: how time and memory grow, and what fewer digits cost."""
    best = {result["name"]: _best(result) for result in results}
    said = []
    for kind, unit in (("audio", "seconds"), ("head", "vertices"), ("map", "vertices")):
        row = [r for r in results if r["kind"] == kind and r[unit]]
        most = max((r[unit] for r in row), default=0)
        # Of the other unit, the size that the longest case has.
        alike = [r for r in row if kind != "audio" or r["vertices"] == _with(row, unit, most)["vertices"]]
        for small, large in pairwise(sorted(alike, key=lambda r: float(r[unit]))):
            more = large[unit] / small[unit]
            line = f"{small[unit]:,g} to {large[unit]:,g} {unit}: {more:.3g} times as many, "
            line += f"{best[large['name']] / best[small['name']]:.3g} times the time"
            if small["peak_memory_mb"] and large["peak_memory_mb"]:
                line += f", {large['peak_memory_mb'] - small['peak_memory_mb']:+.0f} MB"
            said.append(line + ".")
    for result in results:
        if result["kind"] == "dtype":
            fine, coarse = (timing["best"] for timing in result["seconds_by_stage"].values())
            said.append(
                f"bfloat16: {fine / coarse:.2f} times as fast as float32; curves differ by "
                f"{result['curve_difference_rms']:.1e} (root mean square), at most by "
                f"{result['curve_difference_max']:.1e}."
            )
    return said


def _with(results: list[dict[str, Any]], key: str, value: float) -> dict[str, Any]:
    return next(result for result in results if result[key] == value)


def _best(result: dict[str, Any]) -> float:
    stages = result["seconds_by_stage"]
    return float((stages.get("all") or next(iter(stages.values())))["best"])


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value >= 0.1 else f"{value:.5f}"
