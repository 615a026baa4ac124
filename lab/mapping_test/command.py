"""``python -m lab mapping-test``: map generated heads that no training drew, and compare with the truth.

People of Anny, every other one with a body, and of ICT-FaceKit, remeshed to between 2,000 and 200,000
triangles, in any pose and scale, some without eyes or teeth. The mapping gets the mesh alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.comparison import runs
from lab.mapping_test.heads import draw_head
from lab.mapping_test.measure import Outcome, measure
from lab.mapping_test.tables import render, to_json
from mmtalker.cli.bar import ProgressBar
from mmtalker.mapping.any_head import map_any_head
from mmtalker.mapping.types import HeadMapping
from mmtalker.mapping.weights import FILE, load_networks
from mmtalker.mesh.check import check_mesh
from mmtalker.mesh.mesh import Mesh
from mmtalker.progress import Progress

RESULT = "any_heads"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, map, compare and write; gives the exit status, 1 when a mapping crashed."""
    options = _parser().parse_args(arguments)
    about = {
        **runs.setting("lab mapping-test", arguments, "cpu"),
        "networks": options.mapping_weights.name,
        "seed": options.seed,
    }
    return runs.publish(lambda: find(options, about), options.out, RESULT)


def find(options: argparse.Namespace, about: Mapping[str, object]) -> runs.Findings:
    """Map the heads that the arguments ask for, and compare."""
    chosen = options.only or range(options.heads)
    with ProgressBar(sys.stderr) as progress:
        outcomes = map_all(chosen, options.seed, options.data, options.mapping_weights, progress)
    faulty = any(outcome.fault for outcome in outcomes)
    return runs.Findings(render(outcomes, about), runs.as_json(to_json(outcomes, about)), faulty)


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
    parser = argparse.ArgumentParser(prog="python -m lab mapping-test", description=__doc__)
    runs.add_head_arguments(parser, "heads", 200, "how many")
    add = parser.add_argument
    add("--only", type=int, nargs="+", metavar="NUMBER", help="heads of these numbers alone")
    add("--mapping-weights", type=Path, default=FILE, metavar="FILE", help="networks (default: the shipped)")
    return parser
