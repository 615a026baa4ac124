"""The model card's tables come from reports: each figure stands where its report says."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.comparison import card
from lab.documents import with_blocks
from lab.evaluation.channels import CHANNELS

ABOUT = {
    "command": "python -m lab compare",
    "commit": "0123456789abcdef",
    "device": "cpu, 1 threads",
}


def figures(gap: float) -> dict[str, float]:
    return {
        "gap_correlation": gap, "width_correlation": 0.5, "jaw_correlation": 0.75, "closure_recall": 0.9,
        "lve_mm": 4.0,
    }  # fmt: skip


def report(title: str, systems: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"about": ABOUT, "sets": {title: {"systems": systems, **more}}, "checks": {}}


def cells(block: str, row: str) -> list[str]:
    line = next(line for line in block.splitlines() if line.startswith(f"| {row}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_our_column_is_of_curves_before_finishing_and_rivals_follow() -> None:
    systems = {
        "truth": figures(1.0), "MMTalker finished": figures(0.7), "MMTalker raw": figures(0.8125),
        "ridge": figures(0.6),
    }  # fmt: skip

    block = card.compared(report(card.PEOPLE, systems), card.PEOPLE)

    assert cells(block, "figure") == ["ours", "ridge"]
    assert cells(block, "lip gap, correlation") == ["0.812", "0.600"]
    assert "`python -m lab compare`; cpu, 1 threads; commit 0123456789" in block


def test_parts_have_the_mean_of_their_seeds_and_half_of_the_range() -> None:
    systems = {"full seed 0": figures(0.80), "full seed 1": figures(0.82), "alone seed 0": figures(0.7)}

    block = card.parts(report(card.PEOPLE, systems))

    assert cells(block, "the whole method")[0] == "0.810 ± 0.010"
    assert cells(block, "speech alone")[0] == "0.700"
    assert "single attention" not in block


def test_a_report_fills_its_own_tables_and_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("styles", "people", "take", "otherwise", "languages", "channels", "parts")
    page, told = tmp_path / "card.md", tmp_path / "ablations.json"
    page.write_text("".join(f"<!-- begin {name} -->\nold\n<!-- end {name} -->\n" for name in names))
    told.write_text(json.dumps(report(card.PEOPLE, {"full seed 0": figures(0.80)})))

    status = card.main(["--ablations", str(told), "--card", str(page)])

    assert status == 0, capsys.readouterr().err
    assert page.read_text().count("old") == len(names) - 2  # styles are always told


def test_the_card_has_a_place_for_every_table() -> None:
    names = ("styles", "people", "take", "otherwise", "languages", "channels", "parts")

    with_blocks(card.CARD.read_text(encoding="utf-8"), dict.fromkeys(names, "new"))


def test_channels_are_told_beside_the_jaw() -> None:
    rows = [{"channel": "mouthSmile", "deviation": 0.1, "over": 0.42, "beside_jaw": 0.31}]

    block = card.channels({"about": ABOUT, "sets": {}, "checks": {CHANNELS: rows}})

    assert cells(block, "mouthSmile") == ["0.42", "0.31"]


def test_a_report_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "comparison.json").write_text("no report")

    assert card.main(["--comparison", str(tmp_path / "comparison.json")]) == 2
    assert "comparison.json cannot be read" in capsys.readouterr().err
