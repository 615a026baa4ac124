"""``python -m benchmarks.any_heads``: map generated heads that no training drew, and compare with the truth.

People of Anny, every other one with a body, and of ICT-FaceKit, remeshed to between 2,000 and 200,000
triangles, in any pose and scale, some without eyes or teeth. The mapping gets the mesh alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import runs
from benchmarks.any_heads.heads import draw_head
from benchmarks.any_heads.measure import Outcome, measure
from benchmarks.any_heads.tables import render, to_json
from mmtalker.cli.bar import ProgressBar
from mmtalker.errors import MMTalkerError
from mmtalker.mapping.any_head import map_any_head
from mmtalker.mapping.weights import FILE, load_networks
from mmtalker.mesh.check import check_mesh
from mmtalker.mesh.mapping import HeadMapping
from mmtalker.mesh.mesh import Mesh
from mmtalker.progress import Progress

RESULT = "any_heads"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, map, compare and write; gives the exit status, 1 when a mapping crashed."""
    options = _parser().parse_args(arguments)
    chosen = options.only or range(options.heads)
    try:
        with ProgressBar(sys.stderr) as progress:
            outcomes = map_all(chosen, options.seed, options.data, options.mapping_weights, progress)
        about = {
            **runs.setting("benchmarks.any_heads", arguments, "cpu"),
            "networks": options.mapping_weights.name,
            "seed": options.seed,
        }
        text = render(outcomes, about)
        data = json.dumps(to_json(outcomes, about), indent=2) + "\n"
        runs.write_both(text, data, options.out, RESULT)
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    print(f"Wrote {options.out / RESULT}.md and .json.")
    return 1 if any(outcome.fault for outcome in outcomes) else 0


def map_all(
    numbers: Sequence[int], seed: int, data: Path, weights: Path, progress: Progress
) -> list[Outcome]:
    """Draw the heads of these numbers, map each and compare.

    Raises:
        MMTalkerError: WEIGHTS_MISSING, FILE_FORMAT or BAD_REQUEST where something needed is not there.
    """
    networks = load_networks(weights)

    def look_at(mesh: Mesh) -> HeadMapping:
        # Not map_head: a head that kept its own triangles would be known by heart.
        check_mesh(mesh)
        return map_any_head(mesh, networks, {}, None)

    outcomes = []
    for done, number in enumerate(numbers):
        progress(f"head {number}", done / len(numbers))
        outcomes.append(measure(draw_head(number, seed, data), look_at))
    return outcomes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.any_heads", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder of heads/ict_facekit")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for the result")
    add("--heads", type=_count, default=200, metavar="N", help="how many (default: 200)")
    add("--seed", type=int, default=0, metavar="N", help="of all heads; N is not negative")
    add("--only", type=int, nargs="+", metavar="NUMBER", help="heads of these numbers alone")
    add("--mapping-weights", type=Path, default=FILE, metavar="FILE", help="networks (default: the shipped)")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} heads cannot be mapped; give 1 or more")
    return count


if __name__ == "__main__":
    sys.exit(main())
