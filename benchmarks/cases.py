"""All cases by kind. A case runs in a process of its own (:mod:`benchmarks.child`)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import material
from benchmarks.backend_cases import measure_again, measure_audio, measure_dtype, measure_head
from benchmarks.blender_cases import measure_generate
from benchmarks.setting import Case, Machine, Measured, Setting
from benchmarks.timing import MEGABYTE, Plan, peak_memory_mb
from benchmarks.worker_cases import measure_map, measure_worker
from mmtalker.device import choose_device


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


KINDS: dict[str, Callable[[Case, Setting], Measured]] = {
    "audio": measure_audio,
    "dtype": measure_dtype,
    "head": measure_head,
    "map": measure_map,
    "again": measure_again,
    "worker": measure_worker,
    "generate": measure_generate,
}

LENGTHS = (10.0, 60.0, 600.0, 3600.0)
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
    written = [(seconds, usual) for seconds in lengths[:2]]
    written += [(LENGTHS[0], size) for size in sizes if size > usual]
    return [
        *(
            Case("audio", f"{seconds:g} s of audio, {size:,} vertices", seconds=seconds, vertices=size)
            for seconds, size in spoken
        ),
        *(
            Case(
                "audio",
                f"{seconds:g} s of audio, {usual:,} vertices, one thread",
                seconds,
                vertices=usual,
                threads=1,
            )
            for seconds in lengths[:2]
        ),
        *(Case("head", f"new head, {size:,} vertices", vertices=size) for size in sizes),
        *(Case("head", f"new head to recognise, {name}", head=name) for name in known),
        *(Case("map", f"head to look at, {size:,} vertices", vertices=size) for size in mapped),
        Case(
            "dtype", "types of number, 60 s" if not quick else "types of number, 1 s", 1.0 if quick else 60.0
        ),
        Case("again", "Generate again, 10 s", seconds=10.0),
        Case("worker", "worker"),
        *(
            Case("generate", f"Generate in Blender, {seconds:g} s, {size:,} vertices", seconds, vertices=size)
            for seconds, size in written
        ),
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
