"""What is printed is held back, and shown when it matters."""

from __future__ import annotations

import os

import pytest

from demo.hush import hushed


def test_nothing_is_heard_of_what_goes_well(capfd: pytest.CaptureFixture[str]):
    with hushed():
        print("from Python")
        os.write(1, b"from C\n")
    print("afterwards")
    assert capfd.readouterr().out == "afterwards\n"


def test_everything_is_heard_of_what_fails(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(ValueError, match="no"), hushed():
        os.write(1, b"the reason\n")
        raise ValueError("no")
    assert capfd.readouterr().err == "the reason\n"
