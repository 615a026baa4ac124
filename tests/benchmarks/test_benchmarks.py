"""The harness itself: what it repeats, how it names stages, and one case on a second of speech."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the benchmarks measure the backend")

from benchmarks import against, apart, child, material
from benchmarks.cases import KINDS, LENGTHS, SIZES, all_cases
from benchmarks.report import findings, table
from benchmarks.setting import Case, Machine
from benchmarks.speed_tables import CARD, README, card_block, readme_block, write_speed
from benchmarks.timing import Plan, Timing, stage_seconds
from lab.circumstances import ROOT, circumstances
from mmtalker.errors import MMTalkerError
from mmtalker.model.loading import DEFAULT_FOLDER, WEIGHTS_NAME
from mmtalker.speech.weights import ENCODER_FILE_NAME

ONCE = Plan(runs=1)


def test_work_is_done_once_whatever_the_budget_and_never_more_than_wanted() -> None:
    assert Plan(runs=5, budget=0.0).repeat(lambda: {"work": 1.0}) == {"work": Timing((1.0,))}
    seconds = iter([3.0, 1.0, 2.0])
    timing = Plan(runs=3, budget=60.0).repeat(lambda: {"work": next(seconds)})["work"]
    assert (timing.runs, timing.best, timing.median) == ((3.0, 1.0, 2.0), 1.0, 2.0)


def test_a_stage_lasts_until_the_next_one_speaks() -> None:
    def work(progress) -> None:
        for stage, fraction in (("mapping", 0.1), ("shapes", 0.5), ("shapes", 0.9)):
            progress(stage, fraction)

    spent = stage_seconds(work)
    assert list(spent) == ["mapping", "shapes"]
    assert all(seconds >= 0.0 for seconds in spent.values())


def test_every_case_has_its_measurement_and_a_name_of_its_own() -> None:
    cases = all_cases(quick=False)
    assert {case.kind for case in cases} == set(KINDS)
    assert len({case.name for case in cases}) == len(cases)
    assert {case.seconds for case in cases if case.kind == "audio"} == set(LENGTHS)
    for kind in ("audio", "head"):
        assert {case.vertices for case in cases if case.kind == kind} >= set(SIZES)
    assert {case.kind for case in all_cases(quick=True)} == set(KINDS)


@pytest.mark.parametrize("count", [5_000, 25_000])
def test_a_head_of_any_size_comes_with_its_mapping(count: int) -> None:
    mesh, mapping = material.head("canonical", count)
    assert mesh.vertex_count == len(mapping.uv) == len(mapping.role) == count
    assert mapping.jaw_weight.any() and not mapping.uv[mapping.jaw_weight > 0.0].any()


def test_the_report_says_on_what_it_was_measured() -> None:
    assert {"commit", "date", "processor", "python", "cores"} <= circumstances().keys()


def test_a_case_without_weights_fails_with_the_sentence_that_an_artist_would_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = {
        "case": {"kind": "head", "name": "head", "vertices": 5_000},
        "machine": {"device": "cpu", "weights": str(tmp_path)},
        "plan": {"runs": 1, "budget": 0.0},
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(order)))
    assert child.main() == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith(f"The model weights in {tmp_path} cannot be used")


def test_a_second_of_speech_is_measured_by_stages_in_a_process_of_its_own() -> None:
    for name in (WEIGHTS_NAME, ENCODER_FILE_NAME):
        if not (DEFAULT_FOLDER / name).is_file():
            pytest.skip(f"no {name} here")

    result = apart.run_apart(Case("audio", "a second", seconds=1.0, threads=1), Machine("cpu"), ONCE)

    assert list(result["seconds_by_stage"]) == ["decode", "encode", "fusion", "finish", "all"]
    assert all(len(timing["runs"]) == 1 for timing in result["seconds_by_stage"].values())
    assert result["real_time_factor"] > 0.0
    lines = table([result]).splitlines()
    assert lines[0].startswith("case") and "median s" in lines[0]
    assert [line.split()[0] for line in lines[3:]] == ["encode", "fusion", "finish", "all"]


@pytest.mark.slow
def test_a_head_is_looked_at_by_a_worker_and_then_found_in_its_caches() -> None:
    result = apart.run_apart(Case("map", "a head", vertices=5_000), Machine("cpu", threads=1), ONCE)
    assert list(result["seconds_by_stage"]) == ["first", "again, disk", "again, memory"]
    assert result["peak_memory_mb"] is None or result["peak_memory_mb"] > 100.0


def measured(kind: str, seconds: float, vertices: int, best: float, peak: float) -> dict[str, Any]:
    timing = {"best": best, "median": best, "runs": [best]}
    return {
        "name": f"{kind} {seconds} {vertices}",
        "kind": kind,
        "seconds": seconds,
        "vertices": vertices,
        "seconds_by_stage": {"decode": timing, "all": timing},
        "peak_memory_mb": peak,
    }


def test_findings_compare_cases_that_differ_in_one_thing() -> None:
    said = findings(
        [
            measured("audio", 10.0, 25_000, 0.5, 700.0),
            measured("audio", 60.0, 25_000, 2.0, 750.0),
            measured("audio", 10.0, 5_000, 0.1, 100.0),
            measured("head", 0.0, 5_000, 1.0, 500.0),
            measured("head", 0.0, 25_000, 5.0, 700.0),
            measured("head", 0.0, 0, 3.0, 600.0),
        ]
    )
    assert said == [
        "10 to 60 seconds: 6 times as many, 4 times the time, +50 MB.",
        "5,000 to 25,000 vertices: 5 times as many, 5 times the time, +200 MB.",
    ]


def test_the_table_tells_how_many_times_faster_than_real_time() -> None:
    assert table([measured("audio", 60.0, 25_000, 2.0, 750.0)]).splitlines()[-1].split()[-1] == "30.0"


@pytest.mark.slow
def test_generate_is_measured_in_blender_from_the_button_to_the_keys() -> None:
    pytest.importorskip("bpy")
    result = apart.run_apart(
        Case("generate", "a second", seconds=1.0, vertices=5_000), Machine("cpu"), Plan(runs=2)
    )
    stages = {stage: timing["runs"] for stage, timing in result["seconds_by_stage"].items()}
    parts = [runs for stage, runs in stages.items() if stage not in ("first", "all")]
    assert {"Reading the mesh", "Listening to the audio", "The speech is being written"} <= stages.keys()
    assert sum(runs[-1] for runs in parts) == pytest.approx(stages["all"][-1])
    assert result["longest_step"] > 0.0


def turns(seconds: float, peak: float) -> list[dict[str, Any]]:
    """Results of three turns of one case, the last on a machine that had something else to do."""
    return [measured("audio", 10.0, 25_000, run, peak) for run in (seconds, seconds, 5.0 * seconds)]


def test_versions_are_compared_by_medians_and_what_is_worse_is_marked() -> None:
    found = against.figures("speech", turns(0.4, 500.0), turns(0.5, 505.0))
    assert [(each.what, each.ratio, each.is_worse) for each in found] == [
        ("decode", pytest.approx(1.25), True),
        ("all", pytest.approx(1.25), True),
        ("peak MB", pytest.approx(1.01), False),
    ]
    rows = against.table(found, "v1").splitlines()
    assert rows[0].split() == ["case", "stage", "v1", "now", "ratio"]
    assert [row.split()[-1] for row in rows[2:]] == ["worse", "worse", "1.01"]


def test_what_only_one_version_tells_is_shown_without_a_ratio() -> None:
    found = against.figures("speech", [], turns(0.5, 505.0))
    assert {each.then for each in found} == {None} and not any(each.is_worse for each in found)


def test_the_other_version_is_laid_out_with_the_weights_and_goes_away_again() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no Git here")
    with against.checkout("HEAD") as root:
        assert (root / "benchmarks" / "child.py").is_file()
        ours = (ROOT / "vendor" / "weights").iterdir()
        assert {path.name for path in ours} <= {path.name for path in (root / "vendor" / "weights").iterdir()}
    assert not root.exists()


def test_a_revision_that_is_not_there_is_refused_by_name() -> None:
    with (
        pytest.raises(MMTalkerError, match="No revision nothing-like-it"),
        against.checkout("nothing-like-it"),
    ):
        pass


@pytest.fixture
def full_report() -> dict[str, Any]:
    first = {"best": 6.0, "median": 6.0, "runs": [6.0]}
    generated = measured("generate", 10.0, 25_000, 0.8, 600.0) | {"longest_step": 0.05}
    generated["seconds_by_stage"]["first"] = first
    about = {"device": "cpu", "threads": 2, "torch": "2", "dtype": "float32", "processor": "a processor"}
    about |= {"commit": "0123456789abcdef", "uncommitted_changes": False, "date": "2026-01-02T03:04:05+00:00"}
    speech = [measured("audio", seconds, 25_000, seconds / 40.0, 700.0) for seconds in (10.0, 3600.0)]
    return {**about, "cases": [*speech, measured("head", 0.0, 25_000, 1.5, 500.0), generated]}


def test_tables_of_documents_are_written_with_machine_and_commit(
    full_report: dict[str, Any], tmp_path: Path
) -> None:
    readme, card = tmp_path / "README.md", tmp_path / "card.md"
    for document in (readme, card):
        document.write_text("Before.\n<!-- begin speed -->\nold\n<!-- end speed -->\nAfter.\n")

    write_speed(full_report, readme, card)

    for document, block in ((readme, readme_block(full_report)), (card, card_block(full_report))):
        text = document.read_text()
        assert block in text and "old" not in text and text.endswith("After.\n")
        assert "a processor" in text and "commit 0123456789" in text and "2026-01-02" in text
    assert "60 minutes of sound become curves in 90 s, 40 times faster" in readme.read_text()
    assert "| 0.25 s | 40 | 0.7 GB |" in card.read_text()


def test_the_documents_have_a_place_for_the_tables(full_report: dict[str, Any], tmp_path: Path) -> None:
    copies = []
    for document in (README, CARD):
        copies.append(tmp_path / document.name)
        copies[-1].write_text(document.read_text(encoding="utf-8"), encoding="utf-8")
    write_speed(full_report, *copies)
