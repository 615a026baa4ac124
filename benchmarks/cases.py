"""The cases: what each one does, by stages. A case runs in a process of its own (``benchmarks.child``)."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import material
from benchmarks.timing import MEGABYTE, Plan, Timing, peak_memory_mb, seconds_of, stage_seconds
from mmtalker.device import choose_device
from mmtalker.pipeline import PreparedHead, PreparedSpeech, Talker
from mmtalker.progress import silent
from mmtalker.speech.audio import load_audio
from mmtalker.worker.backend import load_backend
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
        vertices: of a copy of the head; 0 takes the head itself, which has to be recognised.
    """

    kind: str
    name: str
    seconds: float = 0.0
    head: str = "canonical"
    vertices: int = 0


@dataclass(frozen=True)
class Machine:
    """On what a run measures; the same for all its cases.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: of the speech encoder: ``float32``, ``bfloat16`` or ``auto``.
        threads: of torch, or 0 for as many as it takes by itself.
        weights: folder of the model, None for the shipped one.
    """

    device: str = "auto"
    dtype: str = "float32"
    threads: int = 0
    weights: str | None = None

    def use(self) -> None:
        """Set this process up."""
        if self.threads:
            torch.set_num_threads(self.threads)

    def talker(self, dtype: str | None = None) -> Talker:
        folder = None if self.weights is None else Path(self.weights)
        return Talker(device=self.device, weights=folder, dtype=dtype or self.dtype)


@dataclass(frozen=True)
class Setting:
    """Where and how to measure.

    Attributes:
        machine: what runs it.
        plan: repetitions.
        folder: for files, emptied afterwards.
    """

    machine: Machine
    plan: Plan
    folder: Path

    def speech(self, seconds: float) -> Path:
        path = self.folder / "speech.flac"
        material.write_speech(seconds, path)
        return path


@dataclass(frozen=True)
class Measured:
    """What a case gives.

    Attributes:
        stages: seconds by stage.
        peak_memory_mb: where it is not that of the measuring process itself.
        figures: what else was found.
    """

    stages: dict[str, Timing]
    peak_memory_mb: float | None = None
    figures: dict[str, float] = field(default_factory=dict)


def run_case(case: Case, machine: Machine, plan: Plan) -> dict[str, Any]:
    """Measure a case in this process; gives what goes into the report."""
    machine.use()
    with tempfile.TemporaryDirectory(prefix="mmtalker-bench-") as folder:
        measured = KINDS[case.kind](case, Setting(machine, plan, Path(folder)))
    result: dict[str, Any] = {
        **asdict(case),
        "seconds_by_stage": {stage: timing.to_json() for stage, timing in measured.stages.items()},
        "peak_memory_mb": measured.peak_memory_mb or peak_memory_mb(),
        **measured.figures,
    }
    if choose_device(machine.device).type == "cuda":
        result["peak_gpu_memory_mb"] = torch.cuda.max_memory_allocated() / MEGABYTE
    return result


def measure_audio(case: Case, setting: Setting) -> Measured:
    """A new clip on a head that is prepared already: what an artist waits for."""
    path, talker = setting.speech(case.seconds), setting.machine.talker()
    mesh, mapping = material.head(case.head, case.vertices)
    head = talker.prepare_head(mesh, mapping=mapping)
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
            "all": time.perf_counter() - began,
        }

    stages = setting.plan.repeat(work)
    return Measured(stages, figures={"real_time_factor": stages["all"].best / case.seconds})


def measure_dtype(case: Case, setting: Setting) -> Measured:
    """The encoder in float32 and in bfloat16, in turn, and what that does to the curves."""
    audio = load_audio(setting.speech(case.seconds))
    mesh, mapping = material.head(case.head)
    talkers = {name: setting.machine.talker(name) for name in ("float32", "bfloat16")}
    head = talkers["float32"].prepare_head(mesh, mapping=mapping)
    raw = {
        name: talker.animate(head, talker.prepare_speech(audio), fps=FPS).raw
        for name, talker in talkers.items()
    }
    difference = np.abs(raw["bfloat16"] - raw["float32"])

    def work() -> dict[str, float]:
        return {
            f"encode, {name}": seconds_of(partial(talker.prepare_speech, audio))
            for name, talker in talkers.items()
        }

    figures = {
        "curve_difference_rms": float(np.sqrt(np.mean(difference**2))),
        "curve_difference_max": float(difference.max()),
    }
    return Measured(setting.plan.repeat(work), figures=figures)


def measure_head(case: Case, setting: Setting) -> Measured:
    """A new head, with the model loaded: its stages as ``Talker.prepare_head`` reports them."""
    talker = setting.machine.talker()
    mesh, known = material.head(case.head, case.vertices)
    mapping = known if case.vertices else None
    assert talker.names  # loads the weights

    def work() -> dict[str, float]:
        stages = stage_seconds(lambda progress: talker.prepare_head(mesh, progress, mapping))
        return {**stages, "all": sum(stages.values())}

    return Measured(setting.plan.repeat(work))


def measure_again(case: Case, setting: Setting) -> Measured:
    """Generate once, then once more from the disk by another process's eyes, and from memory."""
    path, (mesh, _) = setting.speech(case.seconds), material.head(case.head)
    machine = setting.machine
    backend = replace(load_backend(machine.device), talker=machine.talker())
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


class _Worker:
    """The worker as the add-on starts it, and requests to it that wait for their answers."""

    def __init__(self, setting: Setting) -> None:
        from mmtalker_addon.engine.client import WorkerClient

        command = [sys.executable, "-I", "-u", str(material.ROOT / "vendor"), "worker"]
        self._device = setting.machine.device
        self._cache = str(setting.folder / "cache")
        self._client = WorkerClient(command, setting.folder / "worker.log", device=self._device)

    def greet(self) -> None:
        """Start it and wait until it is ready."""
        self._client.start()
        self.ask("hello", protocol=1, client="benchmarks", cache_dir=self._cache, device=self._device)

    def ask(self, kind: str, arrays: Mapping[str, NDArray[Any]] | None = None, **fields: Any) -> None:
        from mmtalker_addon.engine.client import Failure, Reply, WorkerLost

        number = self._client.send(kind, fields, arrays or {})
        while True:
            for event in self._client.poll():
                if isinstance(event, WorkerLost | Failure):
                    raise RuntimeError(event.message)
                if isinstance(event, Reply) and event.frame.id == number:
                    return
            time.sleep(1e-4)

    def peak_memory_mb(self) -> float | None:
        return peak_memory_mb(self._client.pid)

    def stop(self) -> None:
        self._client.shutdown()


def measure_map(case: Case, setting: Setting) -> Measured:
    """A head of unknown topology to be looked at, from request to answer; then once more from its caches."""
    mesh, _ = material.head(case.head, case.vertices)
    arrays = {
        "vertices": mesh.vertices,
        "loop_vertices": mesh.loop_vertices,
        "loop_starts": mesh.loop_starts,
    }
    worker = _Worker(setting)

    def look() -> float:
        return seconds_of(lambda: worker.ask("map", arrays, name=case.name))

    def in_another_life() -> dict[str, float]:
        worker.greet()
        try:
            return {"again, disk": look()}
        finally:
            worker.stop()

    try:
        worker.greet()
        first = Timing((look(),))
        again = setting.plan.repeat(lambda: {"again, memory": look()})
        peak = worker.peak_memory_mb()
    finally:
        worker.stop()
    return Measured({"first": first, **setting.plan.repeat(in_another_life), **again}, peak)


def measure_worker(case: Case, setting: Setting) -> Measured:
    """The worker as the add-on starts it: until it has greeted, and from a ping to its pong."""
    worker = _Worker(setting)

    def life() -> dict[str, float]:
        try:
            return {"start": seconds_of(worker.greet)}
        finally:
            worker.stop()

    started = setting.plan.repeat(life)
    try:
        worker.greet()
        pinged = Plan(100).repeat(lambda: {"ping": seconds_of(lambda: worker.ask("ping"))})
        peak = worker.peak_memory_mb()
    finally:
        worker.stop()
    return Measured(started | pinged, peak)


KINDS: dict[str, Callable[[Case, Setting], Measured]] = {
    "audio": measure_audio,
    "dtype": measure_dtype,
    "head": measure_head,
    "map": measure_map,
    "again": measure_again,
    "worker": measure_worker,
}

LENGTHS = (10.0, 60.0, 600.0)
SIZES = (5_000, 25_000, 100_000)
USUAL_SIZE = 25_000
MAPPED_SIZES = (25_000, 100_000, 200_000)


def all_cases(quick: bool) -> list[Case]:
    """The cases of a full run, or the small ones alone."""
    lengths, sizes = (LENGTHS[:1], SIZES[:1]) if quick else (LENGTHS, SIZES)
    mapped = sizes if quick else MAPPED_SIZES
    usual = sizes[0] if quick else USUAL_SIZE
    known = ["canonical", *(["ict"] if material.ICT_FILE.is_file() and not quick else [])]
    spoken = [(seconds, usual) for seconds in lengths]
    spoken += [(LENGTHS[0], size) for size in sizes if size != usual]
    return [
        *(
            Case("audio", f"{seconds:g} s of audio, {size:,} vertices", seconds=seconds, vertices=size)
            for seconds, size in spoken
        ),
        *(Case("head", f"new head, {size:,} vertices", vertices=size) for size in sizes),
        *(Case("head", f"new head to recognise, {name}", head=name) for name in known),
        *(Case("map", f"head to look at, {size:,} vertices", vertices=size) for size in mapped),
        Case("dtype", f"types of number, {lengths[-1] / 10:g} s", seconds=lengths[-1] / 10),
        Case("again", "Generate again, 10 s", seconds=10.0),
        Case("worker", "worker"),
    ]


def environment(machine: Machine) -> dict[str, Any]:
    """What the figures depend on, as this process finds it."""
    machine.use()
    talker = machine.talker()
    return {
        "device": talker.device_name,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "dtype": talker.dtype_name,
        "threads": torch.get_num_threads(),
        "weights": talker.fingerprint[:12],
    }
