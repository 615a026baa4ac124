"""The worker as a process: what it does with its descriptors, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.worker.conversation import LIMIT_S, Conversation, tetrahedron

ROOT = Path(__file__).resolve().parents[2]
STUB = Path(__file__).with_name("stub_backend.py")


class Process:
    """A worker process, and a conversation with it."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as errors:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
            )
        self.client = Conversation(self.popen.stdin, self.popen.stdout)

    def exit_code(self) -> int:
        return self.popen.wait(LIMIT_S)

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait(LIMIT_S)
        self.client.close()


@pytest.fixture
def stub(tmp_path) -> Iterator[Process]:
    path = os.pathsep.join((str(ROOT / "vendor"), str(ROOT)))
    process = Process([sys.executable, "-u", str(STUB)], tmp_path / "log", {"PYTHONPATH": path})
    yield process
    process.end()


def test_what_libraries_print_goes_to_the_log(stub):
    request = stub.client.prepare() | {"options": {"behaviour": "print"}}
    assert stub.client.ask("generate", **request).type == "result"
    assert stub.client.ask("shutdown").type == "bye"
    assert stub.exit_code() == 0
    log = stub.log.read_text()
    assert "a library says hello" in log and "so does its C code" in log


def test_a_fault_leaves_its_trace_in_the_log(stub):
    request = stub.client.prepare() | {"options": {"behaviour": "bug"}}
    assert stub.client.ask("generate", **request).fields["code"] == "internal"
    assert "ZeroDivisionError" in stub.log.read_text()


def test_a_closed_standard_input_ends_it_with_0(stub):
    stub.client.greet()
    stub.popen.stdin.close()
    assert stub.exit_code() == 0


def test_garbage_on_standard_input_ends_it_with_2(stub):
    stub.popen.stdin.write(b"what is this?")
    stub.popen.stdin.flush()
    assert stub.exit_code() == 2


def test_it_goes_after_its_client_even_from_the_middle_of_a_long_step(stub):
    job = stub.client.send("generate", **stub.client.prepare() | {"options": {"behaviour": "deaf"}})
    stub.client.progress(job)
    stub.popen.stdin.close()
    assert stub.exit_code() == 0


@pytest.mark.skipif(os.name == "nt", reason="a Windows console interrupts otherwise")
def test_an_interrupt_meant_for_blender_does_not_end_it(stub):
    stub.client.greet()
    stub.popen.send_signal(signal.SIGINT)
    assert stub.client.ask("ping").type == "pong"


def test_the_real_worker_answers_through_the_vendor_folder(tmp_path):
    """No installation, no environment variables: as Blender starts it."""
    pytest.importorskip("torch")
    worker = Process([sys.executable, "-I", "-u", str(ROOT / "vendor"), "worker"], tmp_path / "log")
    try:
        hello = worker.client.greet(device="cpu")
        assert hello.type == "hello", hello.fields
        assert hello.fields["device_name"] == "cpu"
        refused = "weights_missing" if hello.fields["weights"] is None else "unsupported_head"
        assert worker.client.ask("head", tetrahedron(), name="Tetra").fields["code"] == refused
        assert worker.client.ask("shutdown").type == "bye"
        assert worker.exit_code() == 0
    finally:
        worker.end()


@pytest.mark.slow
def test_the_real_worker_makes_the_demo_head_speak(tmp_path):
    pytest.importorskip("torch")
    canonical = pytest.importorskip("mmtalker.mesh.canonical").load_canonical()
    speech = ROOT / "demo" / "assets" / "speech.flac"
    worker = Process([sys.executable, "-I", "-u", str(ROOT / "vendor"), "worker"], tmp_path / "log")
    try:
        hello = worker.client.greet(device="cpu", cache_dir=str(tmp_path / "cache"))
        assert hello.type == "hello", hello.fields
        mesh = canonical.mesh
        arrays = {
            "vertices": mesh.vertices,
            "loop_vertices": mesh.loop_vertices,
            "loop_starts": mesh.loop_starts,
        }
        head = worker.client.ask("head", arrays, name="Demo")
        audio = worker.client.ask("audio", path=str(speech), start=0.0, duration=2.0)
        for answer in (head, audio):
            if answer.fields.get("code") == "weights_missing":
                pytest.skip(f"no weights here: {answer.fields['message']}")
            assert answer.type != "error", answer.fields
        result = worker.client.ask(
            "generate", head=head.fields["head"], audio=audio.fields["audio"], fps=24.0, frames=49, seed=0
        )
        assert result.type == "result", result.fields
        assert result.arrays["curves"].shape == (49, len(result.fields["names"]))
        assert result.arrays["shapes"].shape[1] == mesh.vertex_count
        assert all(np.isfinite(array).all() for array in result.arrays.values())
        assert worker.client.ask("head", arrays, name="Demo").fields["cached"]
    finally:
        worker.end()
