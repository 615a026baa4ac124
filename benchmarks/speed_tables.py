"""The tables on speed in README.md and the model card, written from a full run's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.report import machine_line
from lab.circumstances import ROOT
from lab.documents import write_blocks

README, CARD = ROOT / "README.md", ROOT / "docs" / "model-card.md"
BLOCK = "speed"


def write_speed(report: dict[str, Any], readme: Path = README, card: Path = CARD) -> tuple[Path, Path]:
    """Write both documents' tables; gives their paths.

    Raises:
        MMTalkerError: a document lacks the marks of its table.
    """
    write_blocks(card, {BLOCK: card_block(report)})
    write_blocks(readme, {BLOCK: readme_block(report)})
    return readme, card


def card_block(report: dict[str, Any]) -> str:
    """Rows of all speech and heads that were measured, with the machine in a line above them."""
    rows = ["| from sound to curves | median | times real time | peak memory |", "|---|---|---|---|"]
    for case in _of(report, "audio"):
        seconds = _median(case)
        rows.append(
            f"| {case['name']} | {seconds:.2f} s | {case['seconds'] / seconds:.0f} | {_memory(case)} |"
        )
    rows += ["", "| a new head, read for the first time | median | peak memory |", "|---|---|---|"]
    rows += [f"| {case['name']} | {_median(case):.1f} s | {_memory(case)} |" for case in _of(report, "head")]
    rows += [
        "",
        "| in Blender, from the button to the keys | first | median of later lines | longest pause |",
    ]
    rows.append("|---|---|---|---|")
    rows += [
        f"| {case['name']} | {case['seconds_by_stage']['first']['median']:.1f} s | {_median(case):.2f} s "
        f"| {case['longest_step']:.2f} s |"
        for case in _of(report, "generate")
    ]
    return "\n".join([f"{machine_line(report)}:", "", *rows])


def readme_block(report: dict[str, Any]) -> str:
    """A sentence or two on what an animator waits for."""
    generated = _of(report, "generate")[0]
    lines = [
        f"A line of {generated['seconds']:g} s on a head of {generated['vertices']:,} vertices is there "
        f"{_median(generated):.1f} s after the click, the first one on a new head after "
        f"{generated['seconds_by_stage']['first']['median']:.0f} s."
    ]
    long = max(_of(report, "audio"), key=lambda case: float(case["seconds"]))
    lines.append(
        f"{long['seconds'] / 60:.0f} minutes of sound become curves in {_median(long):.0f} s, "
        f"{long['seconds'] / _median(long):.0f} times faster than real time, in {_memory(long)} of memory."
    )
    return "\n".join([*lines, f"(`build.py bench`, {machine_line(report)}.)"])


def _of(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [case for case in report["cases"] if case["kind"] == kind]


def _median(case: dict[str, Any]) -> float:
    return float(case["seconds_by_stage"]["all"]["median"])


def _memory(case: dict[str, Any]) -> str:
    peak = case["peak_memory_mb"]
    return "unknown" if peak is None else f"{peak / 1000:.1f} GB"
