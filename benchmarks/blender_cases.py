"""Generate as an animator presses it: Blender, the add-on and its worker, from the button to the keys."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import material
from benchmarks.setting import FPS, Case, Measured, Setting
from benchmarks.timing import Timing, peak_memory_mb
from mmtalker.mesh.mesh import Mesh

SLICE = 0.03
"""Seconds that the add-on works between two redraws, see ``mmtalker_addon.ops.running``."""

POLL = 0.002


def measure_generate(case: Case, setting: Setting) -> Measured:
    """Speech after speech on one head, each in a new file; the first finds worker and head unprepared."""
    os.environ["BLENDER_USER_RESOURCES"] = str(setting.folder / "blender")
    os.environ["MMTALKER_BACKEND_PYTHON"] = sys.executable
    # Blender reads its folders when it is imported.
    import bpy

    import mmtalker_addon
    from mmtalker_addon.bridge import backend
    from mmtalker_addon.ops.worker_run import worker_client

    mmtalker_addon.register()
    mesh, _ = material.head(case.head, case.vertices)
    longest: list[float] = []

    def work() -> dict[str, float]:
        # A recording of its own each time: one that was heard before would come from the cache.
        path = setting.folder / f"speech {len(longest)}.flac"
        material.write_speech(case.seconds, path, skip=0.1 * len(longest))
        stages, step = _generate(mesh, path)
        longest.append(step)
        return stages

    first = work()
    stages = setting.plan.repeat(work)
    peak = peak_memory_mb(worker_client(bpy.context).pid)
    own = peak_memory_mb()
    backend.stop()
    figures = {"longest_step": max(longest)}
    if own is not None:
        figures["blender_peak_memory_mb"] = own
    return Measured({"first": Timing((first["all"],)), **stages}, peak, figures)


def _generate(mesh: Mesh, sound: Path) -> tuple[dict[str, float], float]:
    """Seconds by what the panel says meanwhile, and those of the longest step between two redraws."""
    import bpy

    from mmtalker_addon.engine.status import JobState
    from mmtalker_addon.ops.generate import SpeechRun
    from mmtalker_addon.ops.worker_run import worker_client

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = round(FPS)
    scene.mmtalker.head = _object(bpy, mesh)
    scene.mmtalker.source, scene.mmtalker.sound_file = "FILE", str(sound)
    stages: dict[str, float] = {}
    began = last = time.perf_counter()
    longest = 0.0
    run, outcome = SpeechRun(bpy.context, worker_client(bpy.context)), None
    while outcome is None:
        stage = run.status.message
        started = time.perf_counter()
        outcome = run.step(bpy.context, SLICE)
        now = time.perf_counter()
        longest = max(longest, now - started)
        stages[stage] = stages.get(stage, 0.0) + now - last
        last = now
        if run.status.stage not in ("read", "write"):
            time.sleep(POLL)
    if outcome.state is not JobState.DONE:
        raise RuntimeError(outcome.message)
    return {**stages, "all": last - began}, longest


def _object(bpy: Any, mesh: Mesh) -> Any:
    """A mesh as an object of the scene; up is Z there."""
    data = bpy.data.meshes.new("Head")
    x, y, z = mesh.vertices.T
    data.from_pydata(list(zip(x, -z, y, strict=True)), [], mesh.triangles().tolist())
    head = bpy.data.objects.new("Head", data)
    bpy.context.scene.collection.objects.link(head)
    return head
