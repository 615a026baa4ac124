"""``lab evaluate`` from arguments to files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.evaluation import command as command
from mmtalker.model.loading import save_model
from tests.lab.evaluation.made import encode, make_corpus
from tests.model.small import small_network


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(command, "_encoder", lambda *_: encode)
    make_corpus(tmp_path / "corpus", filmed=1, unfilmed=1)
    save_model(small_network(), tmp_path / "weights", {})
    named = {"--corpus": "corpus", "--weights": "weights", "-o": "out"}
    paths = [part for option, folder in named.items() for part in (option, str(tmp_path / folder))]
    return ["evaluate", *paths, "--no-checks", "--device", "cpu"]


def test_tables_json_and_pictures_are_written(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")

    assert main([*arguments, "--sets", "seen"]) == 0

    told = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert set(told["sets"]) == {"seen on canonical"}
    assert {"commit", "device", "weights", "seed"} <= set(told["about"])
    text = (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")
    assert "LVE (E_vl)" in text and text in capsys.readouterr().out
    pictures = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert pictures == {"seen-on-canonical.png", "closures.png"}


def test_without_matplotlib_a_sentence_replaces_the_pictures(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    assert main([*arguments, "--sets", "heard"]) == 0

    assert "matplotlib is not installed" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.png"))


def test_a_folder_that_is_no_corpus_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--corpus", str(tmp_path), "-o", str(tmp_path / "out")]) != 0
    assert "holds no corpus" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
