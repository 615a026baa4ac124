"""``python -m benchmarks.transfer``: one head model's shapes carried to people of the other model.

Each model has its own ARKit shapes, so the people's own are the truth. Ours get vertices in a random order,
so that they have to find out what they look at.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import runs
from benchmarks.transfer.measure import both_directions, measure
from benchmarks.transfer.systems import NETWORK, SYSTEMS, build_systems
from benchmarks.transfer.tables import render, to_json
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.errors import MMTalkerError
from mmtalker.mapping.weights import FILE

RESULT = "transfer"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, carry over, measure and write; gives the exit status."""
    options = _parser().parse_args(arguments)
    names = list(dict.fromkeys(options.only or [name for name in SYSTEMS if name != NETWORK]))
    if options.weights is not None and NETWORK not in names:
        names.append(NETWORK)
    try:
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
            **runs.setting("benchmarks.transfer", arguments, device),
            "people": options.people,
            "seed": options.seed,
            "networks that look at heads": options.mapping_weights.name,
            "order of vertices": "the models' own" if options.known_order else "shuffled",
        }
        text = render(outcomes, about)
        data = json.dumps(to_json(outcomes, about), indent=2) + "\n"
        runs.write_both(text, data, options.out, RESULT)
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    print(f"Wrote {options.out / RESULT}.md and .json.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder of heads/ict_facekit")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for the result")
    add("--people", type=_count, default=5, metavar="N", help="of each head model (default: 5)")
    add("--seed", type=int, default=0, metavar="N", help="of people and of the order of vertices")
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


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} people cannot be measured; give 1 or more")
    return count


if __name__ == "__main__":
    sys.exit(main())
