"""Whatever bytes come, a reader gives a result or a sentence, in bounded memory and time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from tests.fuzz.child import fault
from tests.fuzz.mutate import mutated
from tests.fuzz.originals import READERS, Reader

ROOT = Path(__file__).resolve().parents[2]
QUICK, MANY = 14, 336
"""Inputs for each of the fifteen readers: about 200, and about 5,000."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds memory by Linux's limits")


def read_damaged(reader: str, first: int, count: int) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "vendor"), str(ROOT)))}
    command = [sys.executable, "-m", "tests.fuzz.child", reader, str(first), str(count)]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=900, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]


@pytest.mark.parametrize("reader", READERS)
def test_damaged_input_gives_a_result_or_a_sentence(reader):
    read_damaged(reader, 0, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_much_damaged_input_gives_a_result_or_a_sentence(reader):
    read_damaged(reader, QUICK, MANY)


def test_the_same_seed_damages_alike_and_another_otherwise():
    original = READERS["obj"].original()
    assert mutated(original, 5) == mutated(original, 5)
    assert len({mutated(original, seed) for seed in range(50)}) > 45


def raising(error: Exception) -> Reader:
    def read(path: Path) -> None:
        raise error

    return Reader(".bin", bytes, read, (EOFError,))


@pytest.mark.parametrize(
    "error", [KeyError("x"), MemoryError(), MMTalkerError(ErrorCode.INTERNAL, "Failed.")]
)
def test_anything_but_a_sentence_is_a_fault(error, tmp_path):
    assert fault(raising(error), tmp_path)


@pytest.mark.parametrize("error", [EOFError(), MMTalkerError(ErrorCode.FILE_FORMAT, "Export it again.")])
def test_a_sentence_is_none(error, tmp_path):
    assert fault(raising(error), tmp_path) is None


def test_reading_without_end_is_a_fault(tmp_path):
    def read(path: Path) -> None:
        while True:
            pass

    assert "TooSlow" in fault(Reader(".bin", bytes, read), tmp_path, seconds=0.1)


@pytest.mark.parametrize("reader", READERS)
def test_what_is_damaged_was_sound(reader, tmp_path):
    path = tmp_path / f"input{READERS[reader].suffix}"
    path.write_bytes(READERS[reader].original())
    assert READERS[reader].read(path) is not None
