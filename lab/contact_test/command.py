"""``python -m lab contact-test``: whether lips meet and do not cross at p, b and m, on heads that speak."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.comparison import runs
from lab.contact_test.measure import measure, read_speech, read_targets
from lab.contact_test.tables import render, to_json
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.pipeline import Talker

RESULT = "contact"
CLIP = Path("demo/assets/speech.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, make heads speak, measure and write; gives the exit status."""
    options = _parser().parse_args(arguments)
    return runs.publish(lambda: find(options, arguments), options.out, RESULT)


def find(options: argparse.Namespace, arguments: Sequence[str] | None) -> runs.Findings:
    """Let the heads speak that the arguments ask for, and measure."""
    device = choose_device(options.device).type
    talker = Talker(device=device, weights=options.weights)
    with ProgressBar(sys.stderr) as progress:
        speech = [read_speech(path, talker) for path in options.clips]
        targets = read_targets(options.data, options.people, options.seed)
        outcomes = []
        for done, target in enumerate(targets):
            outcomes.append(measure(target, talker, speech))
            progress("heads", (done + 1) / len(targets))
    about = {
        **runs.setting("lab contact-test", arguments, device),
        "people of each head model": options.people,
        "seed": options.seed,
        "recordings": ", ".join(one.name for one in speech),
    }
    return runs.Findings(render(outcomes, about), runs.as_json(to_json(outcomes, about)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab contact-test", description=__doc__)
    runs.add_head_arguments(parser, "people", 10, "of each head model")
    add = parser.add_argument
    add("--clips", type=Path, nargs="+", default=[CLIP], metavar="JSON", help=f"recordings (default: {CLIP})")
    add("--weights", type=Path, metavar="DIR", help="folder of a trained model (default: the shipped one)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    return parser
