"""``python -m mmtalker.data.articulation --corpus DIR``: animate what nobody filmed, and say how well."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmtalker.data.articulation.unfilmed import animate_unfilmed, fit_corpus
from mmtalker.data.corpus import read_corpus
from mmtalker.errors import MMTalkerError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mmtalker.data.articulation", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--without", action="append", default=[], help="a source not to learn from")
    parser.add_argument("--report", action="store_true", help="only say the errors on held-out clips")
    parser.add_argument("--save", type=Path, help="keep the fitted model in this npz file")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.report:
            model = fit_corpus(read_corpus(chosen.corpus), without=chosen.without)
        else:
            model = animate_unfilmed(chosen.corpus, without=chosen.without)
        if chosen.save is not None:
            model.save(chosen.save)
    except MMTalkerError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
