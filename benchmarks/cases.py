"""The cases: what each one does, by stages. A case runs in a process of its own (``benchmarks.child``)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import material
from benchmarks.timing import MEGABYTE, Plan, Timing, peak_memory_mb, seconds_of, stage_seconds
from mmtalker.device import choose_device
from mmtalker.model.inference import evaluate_shapes
from mmtalker.model.loading import DEFAULT_FOLDER, load_model
from mmtalker.pipeline import PreparedHead, PreparedSpeech
from mmtalker.progress import silent
from mmtalker.speech.audio import load_audio
from mmtalker.worker.backend import Backend, load_backend
from mmtalker.worker.cache import DiskCache
from mmtalker.worker.prepared import PreparedStore

FPS = 30.0


@dataclass(frozen=True)
class Case:
    """What to measure.

    Attributes:
        kind: a key of ``KINDS``.
        name: the row's name.
        seconds: of audio, where the kind uses some.
        head: ``canonical`` or ``ict``.
        points: chart points, for the trunk alone.
    """

    kind: str
    name: str
    seconds: float = 0.0
    head: str = "canonical"
    points: int = 0


@dataclass(frozen=True)
class Setting:
    """Where and how to measure.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        weights: folder of the model, None for the shipped one.
        plan: repetitions.
        folder: for files, emptied afterwards.
    """

    device: str
    weights: Path | None
    plan: Plan
    folder: Path

    def backend(self) -> Backend:
        return load_backend(self.device, self.weights)

    def speech(self, seconds: float) -> Path:
        path = self.folder / "speech.flac"
        material.write_speech(seconds, path)
        return path


@dataclass(frozen=True)
class Measured:
    """Seconds by stage, and the peak of memory where it is not that of the measuring process itself."""

    stages: dict[str, Timing]
    peak_memory_mb: float | None = None


def run_case(case: Case, device: str, weights: Path | None, plan: Plan) -> dict[str, Any]:
    """Measure a case in this process; gives what goes into the report."""
    with tempfile.TemporaryDirectory(prefix="mmtalker-bench-") as folder:
        measured = KINDS[case.kind](case, Setting(device, weights, plan, Path(folder)))
    result: dict[str, Any] = {
        "name": case.name,
        "kind": case.kind,
        "seconds_by_stage": {stage: timing.to_json() for stage, timing in measured.stages.items()},
        "peak_memory_mb": measured.peak_memory_mb or peak_memory_mb(),
    }
    if choose_device(device).type == "cuda":
        result["peak_gpu_memory_mb"] = torch.cuda.max_memory_allocated() / MEGABYTE
    if case.seconds:
        result["audio_seconds"] = case.seconds
    if case.kind == "audio":
        # Of a clip that is new to a head that is known: what an artist waits for.
        result["real_time_factor"] = sum(timing.median for timing in measured.stages.values()) / case.seconds
    return result


def measure_audio(case: Case, setting: Setting) -> Measured:
    """A new clip on a head that is prepared already."""
    path, talker = setting.speech(case.seconds), setting.backend().talker
    head = talker.prepare_head(material.head(case.head))
    talker.prepare_speech(load_audio(path, duration=1.0))  # so that the encoder is loaded and warm

    def work() -> dict[str, float]:
        began = time.perf_counter()
        audio = load_audio(path)
        decoded = time.perf_counter()
        speech = talker.prepare_speech(audio)
        encoded = time.perf_counter()
        stats = talker.animate(head, speech, fps=FPS).stats
        return {
            "decode": decoded - began,
            "encode": encoded - decoded,
            "fusion": stats["fusion_seconds"],
            "finish": stats["finish_seconds"],
        }

    return Measured(setting.plan.repeat(work))


def measure_head(case: Case, setting: Setting) -> Measured:
    """A new head, with the model loaded: its stages as ``Talker.prepare_head`` reports them."""
    mesh, talker = material.head(case.head), setting.backend().talker
    assert talker.names  # loads the weights
    first = stage_seconds(lambda progress: talker.prepare_head(mesh, progress))
    again = setting.plan.repeat(lambda: stage_seconds(lambda progress: talker.prepare_head(mesh, progress)))
    # The first mapping reads and indexes the canonical head too.
    return Measured({"first, all": Timing((sum(first.values()),)), **again})


def measure_trunk(case: Case, setting: Setting) -> Measured:
    """The trunk at any number of chart points, without mapping and parts."""
    network = load_model(setting.weights or DEFAULT_FOLDER, choose_device(setting.device)).network
    with torch.inference_mode():
        sampled, uv, point = material.chart_points(network, case.points)
    return Measured(
        setting.plan.repeat(
            lambda: {"shapes": seconds_of(lambda: evaluate_shapes(network, sampled, uv, point))}
        )
    )


def measure_again(case: Case, setting: Setting) -> Measured:
    """Generate once, then once more from the disk by another process's eyes, and from memory."""
    path, mesh, backend = setting.speech(case.seconds), material.head(case.head), setting.backend()
    disk = DiskCache(setting.folder / "cache")

    def prepare(store: PreparedStore) -> tuple[PreparedHead, PreparedSpeech]:
        audio = load_audio(path)
        return store.head(mesh, silent).value, store.speech(audio, silent).value

    def generate(store: PreparedStore) -> None:
        head, speech = prepare(store)
        backend.talker.animate(head, speech, fps=FPS)

    # Nothing but the weights is loaded before the first one.
    assert backend.talker.fingerprint
    store = PreparedStore(backend, disk)
    first = Timing((seconds_of(lambda: generate(store)),))
    again = setting.plan.repeat(
        lambda: {
            "again, disk": seconds_of(lambda: generate(PreparedStore(backend, disk))),
            "again, memory": seconds_of(lambda: generate(store)),
        }
    )
    return Measured({"first": first, **again})


def measure_worker(case: Case, setting: Setting) -> Measured:
    """The worker as the add-on starts it: until it has greeted, and from a ping to its pong."""
    from mmtalker_addon.engine.client import Failure, Reply, WorkerClient, WorkerLost

    command = [sys.executable, "-I", "-u", str(material.ROOT / "vendor"), "worker"]
    client = WorkerClient(command, setting.folder / "worker.log", device=setting.device)

    def ask(kind: str, **fields: Any) -> None:
        number = client.send(kind, fields)
        while True:
            for event in client.poll():
                if isinstance(event, WorkerLost | Failure):
                    raise RuntimeError(event.message)
                if isinstance(event, Reply) and event.frame.id == number:
                    return
            time.sleep(1e-4)

    def greet() -> None:
        client.start()
        ask("hello", protocol=1, client="benchmarks", cache_dir=None, device=setting.device)

    def life() -> dict[str, float]:
        try:
            return {"start": seconds_of(greet)}
        finally:
            client.shutdown()

    started = setting.plan.repeat(life)
    try:
        greet()
        pinged = Plan(100).repeat(lambda: {"ping": seconds_of(lambda: ask("ping"))})
        peak = peak_memory_mb(client.pid)
    finally:
        client.shutdown()
    return Measured(started | pinged, peak)


KINDS: dict[str, Callable[[Case, Setting], Measured]] = {
    "audio": measure_audio,
    "head": measure_head,
    "trunk": measure_trunk,
    "again": measure_again,
    "worker": measure_worker,
}


def all_cases(quick: bool) -> list[Case]:
    """The cases of a full run, or the small ones alone."""
    heads = ["canonical", *(["ict"] if material.ICT_FILE.is_file() else [])]
    lengths, points = ((10.0,), (5_000,)) if quick else ((10.0, 60.0, 600.0), (5_000, 25_000, 100_000))
    return [
        *(Case("audio", f"audio of {seconds:g} s", seconds=seconds) for seconds in lengths),
        *(
            Case("head", f"head {name}, {material.head(name).vertex_count:,} vertices", head=name)
            for name in (heads[:1] if quick else heads)
        ),
        *(
            Case("trunk", f"trunk alone, {count:,} chart points of the canonical head", points=count)
            for count in points
        ),
        Case("again", "Generate again, 10 s", seconds=10.0),
        Case("worker", "worker"),
    ]


def environment(device: str, weights: Path | None) -> dict[str, Any]:
    """What the figures depend on, as this process finds it."""
    backend = load_backend(device, weights)
    return {
        "device": backend.talker.device_name,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "dtype": "float32",
        "threads": torch.get_num_threads(),
        "weights": backend.talker.fingerprint[:12],
    }
