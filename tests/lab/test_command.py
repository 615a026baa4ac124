"""``python -m lab``: one door to every command."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.__main__ import COMMANDS, main
from mmtalker.cli.exits import Exit
from mmtalker.errors import ErrorCode, MMTalkerError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_arguments_and_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(signature(import_module(COMMANDS[name][0]).main).parameters) == 1
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"python -m lab {name}" in capsys.readouterr().out


def test_a_command_gets_its_arguments_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    training = SimpleNamespace(main=lambda arguments: given.extend(arguments) or 0)
    monkeypatch.setitem(sys.modules, "lab.training.train", training)
    assert main(["train", "--epochs", "3", "--help"]) == Exit.OK
    assert given == ["--epochs", "3", "--help"]


def test_what_ends_a_command_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_arguments: list[str]) -> int:
        raise MMTalkerError(ErrorCode.BAD_REQUEST, "There is no such corpus.")

    monkeypatch.setitem(sys.modules, "lab.training.train", SimpleNamespace(main=fail))
    assert main(["train"]) == Exit.USAGE
    assert capsys.readouterr().err == "There is no such corpus.\n"


def test_without_a_command_all_are_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert all(name in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bake"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("There is no command bake.")
