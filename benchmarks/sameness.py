"""``python -m benchmarks.sameness REVISION``: whether a rebuilt product makes the same of the same input.

Five heads and two voices go through the older revision and through the working tree. Their shape keys and
curves are compared number by number; anything beyond the tolerance ends with status 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.against import checkout
from benchmarks.material import DATA, SPEECH
from benchmarks.report import columns
from lab.circumstances import ROOT
from lab.mapping_test.heads import draw_head
from mmtalker.errors import MMTalkerError
from mmtalker.mesh.canonical import load_canonical

HEADS = (0, 1, 2, 4)
"""Numbers of the drawn heads beside the demo head: of both models, with and without a body."""

Array = NDArray[np.float32]

SEED = 5
VOICES = {"demo": SPEECH, "second voice": ROOT / "tests" / "data" / "second_voice.ogg"}

WORK = """
import sys
from pathlib import Path
import numpy as np
from mmtalker.mesh.mesh import Mesh
from mmtalker.pipeline import Talker
from mmtalker.speech.audio import load_audio
heads, out, *voices = sys.argv[1:]
talker = Talker(device="cpu")
speech = [talker.prepare_speech(load_audio(Path(voice))) for voice in voices]
made = {}
with np.load(heads) as stored:
    for name in sorted({key.split("/")[0] for key in stored.files}):
        mesh = Mesh(*(stored[f"{name}/{part}"] for part in ("vertices", "loop_vertices", "loop_starts")))
        head = talker.prepare_head(mesh)
        made[f"{name}/shape keys"] = head.shapes
        for number, heard in enumerate(speech):
            made[f"{name}/curves {number}"] = talker.animate(head, heard, fps=30.0, seed=1).curves
np.savez(out, **made)
"""
"""What both revisions do; only names that are to stay."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and compare; gives the exit status, 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sameness", description=__doc__)
    parser.add_argument("revision", metavar="REVISION", help="what the working tree is compared with")
    parser.add_argument(
        "--tolerance", type=float, default=0.0, help="largest difference (default: none at all)"
    )
    options = parser.parse_args(arguments)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="mmtalker-same-") as folder,
            checkout(options.revision) as then,
        ):
            heads = Path(folder) / "heads.npz"
            write_heads(heads)
            before, after = (make(root, heads, Path(folder)) for root in (then, ROOT))
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    rows, largest = differences(before, after)
    print(columns([("what", "numbers", "largest difference"), *rows]))
    return int(not largest <= options.tolerance)


def write_heads(path: Path) -> None:
    """Write the demo head and drawn heads of both models as arrays."""
    meshes = {"demo": load_canonical().mesh}
    meshes |= {f"drawn {number}": draw_head(number, SEED, DATA).mesh for number in HEADS}
    arrays = {}
    for name, mesh in meshes.items():
        for part in ("vertices", "loop_vertices", "loop_starts"):
            arrays[f"{name}/{part}"] = getattr(mesh, part)
    np.savez(path, **arrays)


def make(root: Path, heads: Path, folder: Path) -> dict[str, Array]:
    """What a checkout's product makes of the heads and voices, by name."""
    out = folder / f"{len(list(folder.iterdir()))}.npz"
    environment = {**os.environ, "PYTHONPATH": str(root / "vendor"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WORK, str(heads), str(out), *(str(path) for path in VOICES.values())]
    subprocess.run(command, env=environment, check=True)
    with np.load(out) as stored:
        return {name: stored[name] for name in stored.files}


def differences(
    before: dict[str, Array], after: dict[str, Array]
) -> tuple[list[tuple[str, str, str]], float]:
    """A row for each array, and the largest difference: infinite where one is missing or of another shape."""
    rows, largest = [], 0.0
    for name in sorted({*before, *after}):
        then, now = before.get(name), after.get(name)
        difference = np.inf
        if then is not None and now is not None and then.shape == now.shape:
            difference = float(np.abs(then - now).max(initial=0.0))
        rows.append((name, "-" if now is None else f"{now.size:,}", f"{difference:.3g}"))
        largest = float(np.maximum(largest, difference))  # what is no number stays so
    return rows, largest


if __name__ == "__main__":
    sys.exit(main())
