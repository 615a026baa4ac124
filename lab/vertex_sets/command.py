"""``lab corpus import``: VOCASET, BIWI or Multiface as a corpus to train on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.vertex_sets.biwi import read_biwi
from lab.vertex_sets.dataset import VertexDataset
from lab.vertex_sets.multiface import read_multiface
from lab.vertex_sets.store import convert
from lab.vertex_sets.vocaset import read_vocaset
from mmtalker.cli.bar import ProgressBar

READERS: dict[str, Callable[[Path, Path | None], VertexDataset]] = {
    "vocaset": read_vocaset,
    "biwi": read_biwi,
    "multiface": read_multiface,
}


def add_import_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments that :func:`import_set` takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    for name in READERS:
        which.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"folder of {name}, as you got it")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the corpus")
    parser.add_argument(
        "--lists", type=Path, metavar="DIR", help="folder of the vertex lists, if not the set's own"
    )


def import_set(options: argparse.Namespace) -> dict[str, Any]:
    """Write the corpus, say on standard error what is in the set and what is not, and return the manifest.

    Raises:
        MMTalkerError: when a file of the set is missing, damaged or of another topology.
    """
    name, folder = next((name, value) for name in READERS if (value := getattr(options, name)) is not None)
    dataset = READERS[name](folder, options.lists)
    for note in dataset.notes:
        print(f"Note: {note}", file=sys.stderr)
    splits = ", ".join(f"{split} {len(list(dataset.split(split)))}" for split in dataset.splits)
    listed = ", ".join(f"{region} {len(rows)}" for region, rows in dataset.lists.items())
    print(
        f"{dataset.vertex_count} vertices at {dataset.fps:g} frames a second. Sequences: {splits or 'none'}. "
        f"Vertex lists: {listed or 'none, so that only MVE can be measured'}.",
        file=sys.stderr,
    )
    with ProgressBar(sys.stderr) as progress:
        return convert(dataset, options.out, progress)
