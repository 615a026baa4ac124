"""``lab corpus``: build the training corpus, leave sources out of one, import a data set, show one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.corpus.build import build_corpus, copy_heads, recipes
from lab.corpus.clips import read_manifest
from lab.corpus.leave_out import leave_out
from lab.vertex_sets.command import add_import_arguments, import_set
from mmtalker.cli.bar import ProgressBar
from mmtalker.cli.exits import EXPLANATION, Exit, Stop, stopping_with

COLUMNS = ("source", "motion", "clips", "minutes", "speakers", "languages", "test sets", "licence")


def main(argv: Sequence[str]) -> int:
    """Run ``corpus build``, ``leave-out``, ``import`` or ``show``; return the exit code.

    Args:
        argv: the arguments behind the word ``corpus``.

    Raises:
        MMTalkerError: when data cannot be read.
        Stop: when the folder to show holds no corpus, or a build was interrupted.
    """
    options = _parser().parse_args(argv)
    if options.command == "build":
        manifest = _build(options)
    elif options.command == "leave-out":
        manifest = _leave_out(options)
    elif options.command == "import":
        manifest = import_set(options)
    else:
        with stopping_with(Exit.USAGE):
            manifest = read_manifest(options.folder)
    print(table(manifest))
    return Exit.OK


def _build(options: argparse.Namespace) -> dict[str, Any]:
    """Build the corpus and return its manifest; what there is to say is said below the progress bar."""
    sentences: list[str] = []
    sources = recipes(options.data, options.kokoro, options.jobs)
    try:
        with ProgressBar(sys.stderr) as bar:
            manifest = build_corpus(sources, options.out, bar, sentences.append, options.only)
            copy_heads(options.data, options.out)
    except KeyboardInterrupt:
        raise Stop(
            Exit.INTERRUPTED,
            "Interrupted; clips that are whole are kept. The same command goes on from there.",
        ) from None
    finally:
        for sentence in sentences:
            print(sentence, file=sys.stderr)
    return manifest


def _leave_out(options: argparse.Namespace) -> dict[str, Any]:
    """Write the corpus without some sources and return its manifest."""
    with stopping_with(Exit.USAGE):
        return leave_out(options.folder, options.out, options.sources)


def table(manifest: dict[str, Any]) -> str:
    """Return a manifest as lines of aligned columns, with a line of sums."""
    rows = [COLUMNS]
    clips, minutes, speakers, languages = 0, 0.0, set(), set()
    for name, source in manifest["sources"].items():
        clips += source["clips"]
        minutes += source["minutes"]
        speakers |= set(source["speakers"])
        languages |= set(source["languages"])
        rows.append(
            (
                name,
                source["motion"],
                str(source["clips"]),
                f"{source['minutes']:.1f}",
                str(len(source["speakers"])),
                " ".join(source["languages"]),
                " ".join(source["test_sets"]),
                source["licence"],
            )
        )
    rows.append(
        ("all", "", str(clips), f"{minutes:.1f}", str(len(speakers)), f"{len(languages)} languages", "", "")
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab corpus",
        description="The corpus that training reads: recordings with motion, phones, and what each is for.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser(
        "build",
        help="write every source that is there; goes on where it was stopped",
        description="Write every source that is there. A build that was stopped goes on where it was.",
    )
    add = build.add_argument
    add("--data", type=Path, required=True, metavar="DATA", help="folder of the recordings")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder of the corpus")
    add(
        "--kokoro",
        type=Path,
        metavar="FOLDER",
        help="Kokoro's network and voices; without it they stay silent",
    )
    add("--only", nargs="+", default=[], metavar="SOURCE", help="build these sources alone")
    add(
        "--jobs",
        type=_count,
        default=1,
        metavar="N",
        help="processes that record Kokoro's voices (default: 1)",
    )
    without = commands.add_parser(
        "leave-out",
        help="write a corpus without some of its sources, to train on and to test with them",
        description="Write a corpus without some of its sources.",
    )
    without.add_argument("folder", type=Path, metavar="DIR", help="folder of the corpus")
    without.add_argument("sources", nargs="+", metavar="SOURCE", help="what to leave out")
    without.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT", help="folder of the new corpus"
    )
    imported = commands.add_parser(
        "import",
        help="bring VOCASET, BIWI or Multiface into the form of a corpus (docs/datasets.md)",
        description="Bring a data set of moving vertices into the form of a corpus (docs/datasets.md).",
    )
    add_import_arguments(imported)
    show = commands.add_parser("show", help="print the manifest of a corpus as a table")
    show.add_argument("folder", type=Path, metavar="DIR", help="folder of the corpus")
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 up")
    return int(text)
