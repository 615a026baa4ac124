"""Faults of the worker as it ships, on the demo head: killed, starved, its cache and its weights harmed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtalker_addon.engine.client import WorkerClient
from mmtalker_addon.engine.head_request import HeadRequest
from mmtalker_addon.engine.job import GenerateJob, JobRequest
from mmtalker_addon.engine.result import JobResult
from mmtalker_addon.engine.status import JobState
from tests.faults.conftest import assert_sentence

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "vendor"
SPEECH = ROOT / "demo" / "assets" / "speech.flac"
ENCODER = "whisper_base_encoder.safetensors"
LIMIT_S = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits and signals are made as on Linux"),
    pytest.mark.skipif(not (VENDOR / "weights" / ENCODER).is_file(), reason="no speech encoder here"),
]


def demo_request() -> JobRequest:
    with np.load(VENDOR / "mmtalker" / "assets" / "canonical_head.npz") as file:
        head = HeadRequest(
            vertices=file["vertices"].astype("<f4"),
            loop_vertices=file["loop_vertices"].astype("<i4"),
            loop_starts=file["loop_starts"].astype("<i4"),
            name="Demo",
        )
    return JobRequest(
        head, fps=24.0, frames=24, audio_path=str(SPEECH), audio_name="speech", audio_duration=1.0
    )


class Blender:
    """What a Blender has of the worker."""

    def __init__(self, place: Path) -> None:
        self.place, self.cache = place, place / "cache"
        self.request = demo_request()
        self.client: WorkerClient | None = None

    def start(self, vendor: Path = VENDOR, megabytes: int = 0) -> WorkerClient:
        """Make a client; ``megabytes`` of address space are all that its worker gets, 0 for no limit."""
        if self.client is not None:
            self.client.kill()
        command = [sys.executable, "-I", "-u", str(vendor), "worker"]
        if megabytes:
            command = ["sh", "-c", f'ulimit -v {megabytes << 10}; exec "$@"', "sh", *command]
        self.client = WorkerClient(
            command, self.place / "worker.log", LIMIT_S, cache_dir=self.cache, device="cpu"
        )
        return self.client

    def generate(self, look: Callable[[str, int], object] = lambda stage, pid: None) -> GenerateJob:
        """Run a job to its end; ``look`` is told each stage and the worker's number."""
        assert self.client is not None
        job, give_up = GenerateJob(self.client, self.request), time.monotonic() + LIMIT_S
        while not (status := job.step()).ended:
            assert time.monotonic() < give_up
            if self.client.pid is not None:
                look(status.stage, self.client.pid)
            time.sleep(0.005)
        return job


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[JobResult, Path]:
    """What comes out where nothing is wrong, and the cache that it leaves."""
    blender = Blender(tmp_path_factory.mktemp("truth"))
    blender.start()
    job = blender.generate()
    assert job.result is not None, job.error
    assert blender.client is not None
    blender.client.kill()
    return job.result, blender.cache


@pytest.fixture
def blender(tmp_path: Path) -> Iterator[Blender]:
    made = Blender(tmp_path)
    yield made
    if made.client is not None:
        made.client.kill()


def assert_true(job: GenerateJob, truth: tuple[JobResult, Path]) -> None:
    assert job.result is not None, job.error
    for name in ("curves", "raw", "shapes"):
        np.testing.assert_array_equal(getattr(job.result, name), getattr(truth[0], name))


def digest() -> str:
    return hashlib.sha256(SPEECH.read_bytes()).hexdigest()


@pytest.mark.parametrize("stage", ["hello", "mapping", "shapes", "audio", "generate"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_killed_at_a_stage(blender: Blender, truth, stage: str, number: signal.Signals) -> None:
    before, killed = digest(), []

    def kill(here: str, pid: int) -> None:
        if here == stage and not killed:
            killed.append(pid)
            os.kill(pid, number)

    blender.start()
    job = blender.generate(kill)
    if killed:
        assert job.error is not None and number.name in job.error.message
        assert_sentence(job.error.message)
    assert digest() == before
    assert_true(blender.generate(), truth)


@pytest.mark.parametrize("megabytes", [30, 200, 500, 800, 900, 1000, 1050])
def test_starved_of_memory(blender: Blender, truth, megabytes: int) -> None:
    blender.start(megabytes=megabytes)
    job = blender.generate()
    if job.status.state is not JobState.DONE:  # with another torch less may do
        assert job.error is not None and job.error.code == "out_of_memory", job.error
        assert "memory" in job.error.message
        assert_sentence(job.error.message)
    blender.start()
    assert_true(blender.generate(), truth)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def shorten(path: Path) -> None:
    with np.load(path) as entry:
        arrays = dict(entry)
    name = max(arrays, key=lambda name: arrays[name].nbytes)
    arrays[name] = arrays[name][:-1]
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize("kind", ["map", "head", "speech"])
@pytest.mark.parametrize("harm", [flip, shorten])
def test_a_harmed_entry(blender: Blender, truth, kind: str, harm: Callable[[Path], None]) -> None:
    shutil.copytree(truth[1], blender.cache)
    if kind == "map":
        next(blender.cache.glob("head-*")).unlink()
    harm(next(blender.cache.glob(f"{kind}-*")))
    blender.start()
    assert_true(blender.generate(), truth)


def test_another_heads_entry_is_not_spoken_with(blender: Blender, truth) -> None:
    """Given the cached shapes of a head of the same size under the demo head's name."""
    shutil.copytree(truth[1], blender.cache)
    own = next(blender.cache.glob("head-*"))
    right = blender.request
    bigger = HeadRequest(**(vars(right.head) | {"vertices": right.head.vertices * np.float32(2.0)}))
    blender.request = JobRequest(**(vars(right) | {"head": bigger}))
    blender.start()
    assert blender.generate().result is not None
    other = next(path for path in blender.cache.glob("head-*") if path != own)
    shutil.copy(other, own)
    blender.request = right
    blender.start()
    assert_true(blender.generate(), truth)


def change_config(name: str, value: object) -> Callable[[Path], None]:
    def harm(weights: Path) -> None:
        config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
        config["model"][name] = value
        (weights / "config.json").write_text(json.dumps(config), encoding="utf-8")

    return harm


WEIGHTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "configuration of another type": (change_config("width", "x"), "'width'"),
    "configuration without sense": (change_config("readers", 10**9), "'readers'"),
    "no configuration": (lambda weights: (weights / "config.json").unlink(), "config.json"),
    "a bit of the model": (lambda weights: flip(weights / "mmtalker.safetensors"), "checksum"),
    "half the model": (lambda weights: os.truncate(weights / "mmtalker.safetensors", 7 << 20), "checksum"),
    "no encoder": (lambda weights: (weights / ENCODER).unlink(), "encoder"),
    "a bit of the encoder": (lambda weights: flip(weights / ENCODER), "encoder"),
}


@pytest.mark.parametrize(("harm", "words"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_harmed_weights(blender: Blender, truth, harm: Callable[[Path], object], words: str) -> None:
    vendor = blender.place / "vendor"
    shutil.copytree(VENDOR, vendor, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "blender_manifest.toml", blender.place)
    harm(vendor / "weights")
    blender.start(vendor)
    job = blender.generate()
    assert job.error is not None and job.error.code == "weights_missing", job.error
    assert words in job.error.message
    assert_sentence(job.error.message)
    shutil.copytree(VENDOR / "weights", vendor / "weights", dirs_exist_ok=True)
    blender.start(vendor)
    assert_true(blender.generate(), truth)
