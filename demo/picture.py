"""``python -m demo.picture``: makes the README's picture, by Cycles, from the scene that the demo left."""

from __future__ import annotations

import argparse
import tempfile
import traceback
from pathlib import Path

import bpy
import numpy as np
from PIL import Image

from demo.__main__ import leave
from demo.clip import load_clip
from demo.contact import Picture, draw_banner
from demo.head import gaps
from demo.scene import read_speech
from mmtalker.mesh.canonical import load_canonical

WIDTH = 1200
MOMENTS = (0.2, 7.42, 7.53, 5.6)
"""Seconds of silence, of a p, of an open and of a round vowel."""


def main() -> int:
    """Read the command line, render, and write; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo.picture", description=__doc__)
    parser.add_argument("--scene", type=Path, default=Path("out/demo/demo.blend"))
    parser.add_argument("--out", type=Path, default=Path("docs/images/demo.png"))
    parser.add_argument("--samples", type=int, default=64)
    options = parser.parse_args()
    bpy.ops.wm.open_mainfile(filepath=str(options.scene.absolute()))
    render = bpy.context.scene.render
    fps = render.fps / render.fps_base
    clip = load_clip()
    head = next(item for item in bpy.data.objects if item.type == "MESH" and item.data.shape_keys)
    speech = read_speech(head, fps)
    gap = gaps(load_canonical(), speech.rest, speech.shapes, speech.values)
    stills = [still(1 + round(moment * fps), options.samples) for moment in MOMENTS]
    banner = draw_banner(stills, MOMENTS, speech.times, gap, clip)
    banner.resize((WIDTH, round(banner.height * WIDTH / banner.width)), Image.Resampling.LANCZOS).save(
        options.out, optimize=True
    )
    return 0


def still(frame: int, samples: int) -> Picture:
    """Render one frame of the open scene; gives (480, 480, 3)."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.render.resolution_x = scene.render.resolution_y = 480
    scene.frame_set(frame)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "still.png")
        bpy.ops.render.render(write_still=True)
        return np.asarray(Image.open(scene.render.filepath).convert("RGB"))


if __name__ == "__main__":
    try:
        leave(main())
    except Exception:
        traceback.print_exc()
        leave(1)
