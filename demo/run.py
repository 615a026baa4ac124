"""Runs the demo's stages one after another, checks what came out, and writes the report."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bpy

from demo import head, readback, scene
from demo.clip import Clip, load_clip
from demo.contact import draw_sheet
from demo.frames import draw_frames
from demo.measure import LipFigures, judge_lips
from demo.quiet import quiet
from demo.scene import DemoError, Speech
from demo.stopwatch import Stopwatch
from demo.video import write_video
from mmtalker.errors import MMTalkerError
from mmtalker.io.live_link import write_live_link
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.version import version

SIZE = 480
MADE = {
    "preview.mp4": "the head speaks: look at this first",
    "contact.png": "its frames beside the voice and the lip gap",
    "demo.blend": "open it in Blender and press Space",
    "demo.fbx": "for Unity and Unreal",
    "demo.glb": "for Godot, web viewers and other engines",
    "curves.csv": "the ARKit curves as Live Link Face writes them",
    "report.json": "versions, times and measurements",
}


@dataclass(frozen=True)
class Generated:
    """What Generate gave, and what it ran on."""

    object: Any
    speech: Speech
    seconds: float
    backend: dict[str, Any]


def run(out: Path, device: str, fps: float) -> int:
    """Make everything in ``out``; gives the exit status, 0 when all is there and checked."""
    try:
        if out.exists() and not out.is_dir():
            raise DemoError(f"'{out}' is a file: give --out a folder.")
        out.mkdir(parents=True, exist_ok=True)
        _run(out, device, fps)
        return 0
    except (DemoError, MMTalkerError) as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
    except OSError as error:
        print(f"\nThe demo stopped: {error}. Is the disk full, or '{out}' read-only?", file=sys.stderr)
    return 1


def _run(out: Path, device: str, fps: float) -> None:
    watch = Stopwatch()
    clip, canonical = load_clip(), load_canonical()
    generated = _generate(watch, clip, device, fps)
    speech, surface, camera = generated.speech, head.surface_of(canonical), head.camera_for(canonical)
    with watch.stage("Writing demo.blend, demo.fbx and demo.glb"), quiet():
        places = head.corner_places(canonical, head.features_of(canonical))
        scene.add_materials_and_lights(generated.object, surface, places, camera)
        _whole(out / "demo.fbx", lambda path: scene.export_fbx(generated.object, path))
        _whole(out / "demo.glb", lambda path: scene.export_glb(generated.object, path))
        _whole(out / "demo.blend", scene.save_blend)
        scene.stop()
    with watch.stage("Reading demo.fbx and demo.glb back with other readers"), quiet():
        read_by = _read_back(out, speech, fps)
    with watch.stage(f"Drawing {len(speech.times)} frames"):
        frames = draw_frames(speech.rest, speech.shapes, speech.values, surface, camera, SIZE, _dots())
    with watch.stage("Writing preview.mp4 and contact.png"):
        write_video(out / "preview.mp4", frames, SIZE, fps, clip.samples, clip.rate)
        gap = head.gaps(canonical, speech.rest, speech.shapes, speech.values)
        sheet = draw_sheet(frames, speech.times, gap, clip, head.mouth_box(canonical, camera, SIZE))
        _whole(out / "contact.png", sheet.save)
    with watch.stage("Writing curves.csv"):
        _write_curves(speech, fps, out / "curves.csv")
    lips = judge_lips(gap, speech.times, clip)
    report = _report(out, watch, generated, clip, lips, read_by, fps)
    _whole(out / "report.json", lambda path: path.write_text(json.dumps(report, indent=2) + "\n", "utf-8"))
    _say_what_was_made(out, watch, generated, clip, lips)


def _generate(watch: Stopwatch, clip: Clip, device: str, fps: float) -> Generated:
    with watch.stage(f"Starting Blender {bpy.app.version_string} with the add-on"):
        scene.start(device)
    with watch.stage("Adding the demo head and the voice"):
        talking = scene.build(clip, fps)
    with watch.stage(
        "Generate: starts the worker, then head and voice go in, shape keys and curves come out"
    ):
        scene.generate()
    seconds = watch.stages[-1].seconds
    with watch.stage("Reading the speech back from Blender"):
        speech = scene.read_speech(talking, fps)
    return Generated(talking, speech, seconds, scene.backend_facts())


def _write_curves(speech: Speech, fps: float, path: Path) -> None:
    from mmtalker.animation import Animation  # it brings torch, of which Blender's stages stay free

    animation = Animation(
        names=speech.names,
        curves=speech.values,
        fps=fps,
        start_time=0.0,
        raw=speech.values,
        mesh=load_canonical().mesh,
        shapes=speech.shapes,
    )
    write_live_link(animation, path)


def _read_back(out: Path, speech: Speech, fps: float) -> dict[str, str]:
    """Read both files; gives the reader's name by file.

    Raises:
        DemoError: a file does not hold the speech.
    """
    found = {
        "demo.glb": readback.read_glb(out / "demo.glb", speech.times),
        "demo.fbx": readback.read_fbx(out / "demo.fbx", speech.times, fps),
    }
    for name, content in found.items():
        wrong = readback.faults(content, speech.names, speech.values, float(speech.times[-1]))
        lost = set(ARKIT_NAMES) - set(content.names)
        if wrong or lost:
            wrong += [f"{len(lost)} of ARKit's names are not in it"] if lost else []
            raise DemoError(f"{name}, read by {content.reader}, is not what was written: {'; '.join(wrong)}.")
    return {name: content.reader for name, content in found.items()}


def _report(
    out: Path,
    watch: Stopwatch,
    generated: Generated,
    clip: Clip,
    lips: LipFigures,
    read_by: dict[str, str],
    fps: float,
) -> dict[str, Any]:
    speech = generated.speech
    return {
        "versions": {
            "mmtalker": version(),
            "blender": bpy.app.version_string,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("numpy", "av", "pillow")},
        },
        "backend": generated.backend,
        "clip": {"seconds": clip.seconds, "text": clip.text, "file": clip.path.name},
        "stages": [
            {"name": s.name, "seconds": round(s.seconds, 2), "peak_mb": s.peak_mb and round(s.peak_mb)}
            for s in watch.stages
        ],
        "seconds": round(watch.seconds, 1),
        "real_time_factor": round(generated.seconds / clip.seconds, 3),
        "shape_keys": len(speech.names),
        "frames": len(speech.times),
        "fps": fps,
        "keyframes": speech.keyframes,
        "lips": {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(lips).items()},
        "read_back_by": read_by,
        "bytes": {name: (out / name).stat().st_size for name in MADE if name != "report.json"},
    }


def _whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file in a folder of its own first, by its final name: exporters write the name into it."""
    with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
        part = Path(folder).absolute() / path.name
        write(part)
        part.replace(path)


def _dots() -> Callable[[float], None]:
    """A progress line: a mark for each tenth."""
    shown = [0]

    def progress(share: float) -> None:
        if int(share * 10) > shown[0]:
            shown[0] = int(share * 10)
            print(f"  {shown[0] * 10} %", end="\n" if shown[0] == 10 else "", flush=True)

    return progress


def _say_what_was_made(
    out: Path, watch: Stopwatch, generated: Generated, clip: Clip, lips: LipFigures
) -> None:
    print(f"\nMade in {watch.seconds:.0f} s, in {out}:")
    for name, what in MADE.items():
        print(f"  {name:12} {(out / name).stat().st_size / 1e6:6.2f} MB  {what}")
    print(
        f"\n{len(generated.speech.names)} shape keys over {len(generated.speech.times)} frames for "
        f"{clip.seconds:.1f} s of speech, made in {generated.seconds:.1f} s.\n"
        f"Lips touch in {lips.closures_met} of {lips.closures} p, b and m; the lip gap is "
        f"{lips.gap_speech_mm:.1f} mm in speech and {lips.gap_silence_mm:.1f} mm in silence, and follows "
        f"the voice's level with a correlation of {lips.energy_correlation:.2f}."
    )
    print(f"Open {out / 'preview.mp4'} first, then {out / 'demo.blend'} in Blender.")
