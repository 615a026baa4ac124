"""``python -m lab gallery``: ten heads at rest, in three shape keys and at an m, with times."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.clip import load_clip
from lab.gallery.cutting import part_along
from lab.gallery.drawing import picture_of, side_by_side
from lab.gallery.heads import GalleryHead, gallery_heads
from mmtalker.cli.bar import ProgressBar
from mmtalker.errors import MMTalkerError
from mmtalker.mapping.lip_line import find_lip_line
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import Mouth
from mmtalker.pipeline import PreparedSpeech, Talker
from mmtalker.speech.audio import load_audio
from mmtalker_addon.core.cut import find_lip_path

FPS = 60.0
POSES = {
    "rest": {},
    "jawOpen": {"jawOpen": 0.7},
    "pucker": {"mouthPucker": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
}
SPOKEN = "M"


@dataclass(frozen=True)
class Shown:
    """What the gallery shows of a head."""

    pictures: list[NDArray[np.uint8]]
    caption: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, map, move and draw; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images/gallery.png"))
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="heads of these numbers alone")
    options = parser.parse_args(arguments)
    try:
        talker, clip = Talker(device="cpu"), load_clip()
        speech = talker.prepare_speech(load_audio(clip.path))
        phone = max((p for p in clip.phones if p.name == "m"), key=lambda p: p.end - p.start)
        heads = gallery_heads()
        chosen = [heads[n] for n in options.only] if options.only else heads
        # The networks are read at the first head, which is no part of what a head costs.
        talker.prepare_head(heads[0].mesh)
        with ProgressBar(sys.stderr) as progress:
            shown = []
            for number, head in enumerate(chosen):
                progress(head.title, number / len(chosen))
                shown.append(show(talker, head, speech, 0.5 * (phone.start + phone.end)))
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    page = side_by_side([one.pictures for one in shown], [one.caption for one in shown], [*POSES, SPOKEN])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    page.save(options.out, optimize=True)
    print("\n".join(one.caption for one in shown))
    return 0


def show(talker: Talker, head: GalleryHead, speech: PreparedSpeech, moment: float) -> Shown:
    """Map a head, make its shape keys, let it speak, and draw it.

    Args:
        talker: with its networks.
        head: to show.
        speech: prepared by it.
        moment: seconds of the speech at which it is drawn.
    """
    mesh = head.mesh
    if head.scanned:
        mapping = map_head(mesh)
        assert mapping.mouth is Mouth.FUSED, "a scan's lips are one surface"
        path = find_lip_path(
            mesh.vertices, mesh.loop_vertices, mesh.loop_starts, find_lip_line(mesh, mapping)
        )
        mesh = part_along(mesh, path)
    began = time.perf_counter()
    mapping = map_head(mesh)
    mapped = time.perf_counter() - began
    prepared = talker.prepare_head(mesh, mapping=mapping)
    total = time.perf_counter() - began
    motion = talker.animate(prepared, speech, fps=FPS)
    poses = [np.array([pose.get(name, 0.0) for name in talker.names]) for pose in POSES.values()]
    names = list(motion.names)
    rest = mesh.vertices.astype(np.float64)
    moved = [np.tensordot(values, prepared.shapes[: len(talker.names)], axes=1) for values in poses]
    spoken = motion.curves[round(moment * FPS)]
    assert len(spoken) == len(names) == len(motion.shapes)
    moved.append(np.tensordot(spoken, motion.shapes, axes=1))
    pictures = [picture_of(mapping, rest, rest + by, head.faceted) for by in moved]
    caption = (
        f"{head.title}: {mesh.vertex_count:,} vertices, mapped in {mapped:.1f} s, "
        f"keys in {total - mapped:.1f} s"
    )
    return Shown(pictures, caption)
