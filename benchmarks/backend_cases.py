"""Cases of the backend alone, in the measuring process."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks import material
from benchmarks.setting import FPS, Case, Measured, Setting
from benchmarks.timing import Timing, seconds_of, stage_seconds
from mmtalker.pipeline import PreparedHead, PreparedSpeech
from mmtalker.progress import silent
from mmtalker.speech.audio import load_audio
from mmtalker.worker.backend import load_backend
from mmtalker.worker.cache import DiskCache
from mmtalker.worker.prepared import PreparedStore


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
        del audio
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
