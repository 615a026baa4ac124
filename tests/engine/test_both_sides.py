"""The add-on's client and the real worker together; only the model is a stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtalker_addon.engine.client import WorkerClient
from mmtalker_addon.engine.job import GenerateJob
from mmtalker_addon.engine.status import JobState, run_to_end
from tests.engine.workers import LIMIT_S, request, wait_until
from tests.worker.conversation import wav_bytes

soundfile = pytest.importorskip("soundfile", reason="the worker decodes audio with it")

ROOT = Path(__file__).resolve().parents[2]
START = "import runpy, sys; sys.path[:0] = sys.argv[1:3]; runpy.run_path(sys.argv[3], run_name='__main__')"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WorkerClient]:
    stub = ROOT / "tests" / "worker" / "stub_backend.py"
    command = [sys.executable, "-I", "-u", "-c", START, str(ROOT), str(ROOT / "vendor"), str(stub)]
    log, cache = tmp_path / "worker.log", tmp_path / "cache"
    client = WorkerClient(command, log, LIMIT_S, start_limit=LIMIT_S, cache_dir=cache, device="cpu")
    yield client
    client.kill()


def run(client: WorkerClient, **changes) -> GenerateJob:
    job = GenerateJob(client, request(**({"audio_path": None, "audio_bytes": wav_bytes()} | changes)))
    run_to_end(job)
    return job


def test_a_packed_sound_becomes_curves_as_long_as_it_sounds(client: WorkerClient) -> None:
    job = run(client, frames=None, fps=24.0)
    assert job.error is None and job.result is not None
    assert job.result.names == ("jawOpen", "mouthClose")
    assert job.result.curves.shape == (13, 2)  # half a second at 24, both ends
    np.testing.assert_array_equal(job.result.shapes[0], request().head.vertices)
    assert job.result.topology == "stub"
    assert job.result.warnings == ("the neck is open", "a warning")


def test_a_sound_file_is_read_by_its_path_and_part(client: WorkerClient, tmp_path: Path) -> None:
    path = tmp_path / "Größe 1.wav"
    path.write_bytes(wav_bytes(2.0))
    job = run(client, audio_path=str(path), audio_bytes=None, audio_start=0.5, audio_duration=1.0)
    assert job.result is not None
    assert len(job.result.raw) == 50


def test_what_was_mended_in_the_sound_reaches_the_artist(client: WorkerClient, tmp_path: Path) -> None:
    path = tmp_path / "recorded.wav"
    samples = np.full(16000, 0.1, dtype=np.float32)
    samples[100:103] = np.nan
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    job = run(client, audio_path=str(path), audio_bytes=None)
    assert job.result is not None
    head, audio, model = job.result.warnings
    assert (head, model) == ("the neck is open", "a warning")
    assert "3 samples that are not numbers" in audio


def test_a_missing_sound_file_is_told_and_the_worker_goes_on(client: WorkerClient, tmp_path: Path) -> None:
    job = run(client, audio_path=str(tmp_path / "gone.wav"), audio_bytes=None)
    assert job.error is not None
    assert job.error.code == "audio_missing"
    pid = client.pid
    assert run(client).result is not None
    assert client.pid == pid


def test_a_cancel_is_obeyed_and_the_worker_goes_on(client: WorkerClient) -> None:
    waiting = request(audio_path=None, audio_bytes=wav_bytes(), options={"behaviour": "wait"})
    job = GenerateJob(client, waiting)
    wait_until(lambda: job.step().stage == "waiting")
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert job.status.state is JobState.CANCELLED
    pid = client.pid
    assert run(client).result is not None
    assert client.pid == pid


def test_a_job_that_looks_nowhere_is_ended_with_its_worker(client: WorkerClient) -> None:
    deaf = request(audio_path=None, audio_bytes=wav_bytes(), options={"behaviour": "deaf"})
    job = GenerateJob(client, deaf, cancel_limit=0.3)
    wait_until(lambda: job.step().stage == "fusing")
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert job.status.state is JobState.CANCELLED
    assert run(client).result is not None


def test_shutdown_is_answered(client: WorkerClient) -> None:
    run(client)
    client.shutdown(grace=LIMIT_S)
    assert not client.running
