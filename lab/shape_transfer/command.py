"""``python -m lab shape-transfer``: one head model's shapes carried to people of the other model.

Each model has its own ARKit shapes, so the people's own are the truth. Ours get vertices in a random order,
so that they have to find out what they look at.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.comparison import runs
from lab.shape_transfer.measure import both_directions, measure
from lab.shape_transfer.systems import NETWORK, SYSTEMS, build_systems
from lab.shape_transfer.tables import render, to_json
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.mapping.weights import FILE

RESULT = "transfer"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, carry over, measure and write; gives the exit status."""
    options = _parser().parse_args(arguments)
    return runs.publish(lambda: find(options, arguments), options.out, RESULT)


def find(options: argparse.Namespace, arguments: Sequence[str] | None) -> runs.Findings:
    """Carry over by the systems that the arguments ask for, and measure."""
    names = list(dict.fromkeys(options.only or [name for name in SYSTEMS if name != NETWORK]))
    if options.weights is not None and NETWORK not in names:
        names.append(NETWORK)
    device = choose_device(options.device).type if NETWORK in names else "cpu"
    systems = build_systems(
        names, options.weights, device, options.known_order, options.seed, options.mapping_weights
    )
    with ProgressBar(sys.stderr) as progress:
        directions = both_directions(options.data, options.people, options.seed)
        if options.onto is not None:
            directions = [one for one in directions if one.name.endswith(options.onto)]
        outcomes = [measure(direction, systems, progress) for direction in directions]
    about = {
        **runs.setting("lab shape-transfer", arguments, device),
        "people": options.people,
        "seed": options.seed,
        "networks that look at heads": options.mapping_weights.name,
        "order of vertices": "the models' own" if options.known_order else "shuffled",
    }
    return runs.Findings(render(outcomes, about), runs.as_json(to_json(outcomes, about)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab shape-transfer", description=__doc__)
    runs.add_head_arguments(parser, "people", 5, "of each head model")
    add = parser.add_argument
    add("--only", nargs="+", choices=SYSTEMS, metavar="NAME", help=f"systems, of {', '.join(SYSTEMS)}")
    add(
        "--weights",
        type=Path,
        metavar="DIR",
        help=f"adds the system {NETWORK!r}: of a model that was trained without the target's head model",
    )
    add(
        "--onto",
        choices=("ICT", "Anny"),
        help="people of this model alone (default: both, one after another)",
    )
    add(
        "--mapping-weights",
        type=Path,
        default=FILE,
        metavar="FILE",
        help="networks that look at heads: some that never saw the model of --onto (default: the shipped)",
    )
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help=f"of {NETWORK!r}")
    add(
        "--known-order",
        action="store_true",
        help="give ours vertices in the models' own order, by which both are recognised",
    )
    return parser
