"""Arguments in, exit code out; each command's work is in a module that is imported when it is asked for."""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
import traceback
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from mmtalker.cli.exits import EXPLANATION, Exit, explain
from mmtalker.motion.styles import DEFAULT_STYLE
from mmtalker.threads import share_processor
from mmtalker.version import version


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        argv: the arguments; those of the process by default.
    """
    share_processor()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name that the console cannot show must not fail a finished job.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        if options.command == "worker":
            from mmtalker.worker.process import serve_stdio

            serve_stdio()
        if options.command == "map":
            from mmtalker.cli.map import map_command

            map_command(options)
            return Exit.OK
        from mmtalker.cli.animate import AnimateCommand, animate

        animate(AnimateCommand.from_arguments(options))
        return Exit.OK
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return Exit.INTERRUPTED
    except Exception as error:  # the last resort: a sentence and a code, whatever happened
        if os.environ.get("MMTALKER_DEBUG"):
            traceback.print_exc()
        status, sentence = explain(error)
        print(sentence, file=sys.stderr)
        return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mmtalker",
        description="Make a head mesh talk from a voice recording, as ARKit shape keys and their curves.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mmtalker {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    animate = commands.add_parser(
        "animate",
        help="a head and a recording in, an animation file out",
        description="Animate a head from a recording.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_animate_arguments(animate)
    mapping = commands.add_parser(
        "map",
        help="where on the canonical head a mesh's vertices lie, with a picture",
        description="Map a head to the canonical one.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_map_arguments(mapping)
    commands.add_parser("worker", help="serve Blender over standard input and output (docs/protocol.md)")
    return parser


def _add_animate_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_head(parser)
    add(
        "audio",
        metavar="AUDIO",
        type=Path,
        help="a wav, flac, ogg, mp3, m4a or wma file, or a mp4, mov, webm or mkv video with sound",
    )
    add(
        "-o",
        "--out",
        metavar="OUT",
        type=Path,
        required=True,
        help=".csv (Live Link Face), .npz (curves and shape keys) or .glb (morph targets and animation)",
    )
    add("--fps", type=_positive, default=30.0, help="such as 24, 29.97 or 30000/1001 (default: 30)")
    add(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the model runs (default: auto)",
    )
    add("--style", metavar="NAME", help=f"way of speaking (default: {DEFAULT_STYLE})")
    add(
        "--style-strength",
        type=_number,
        metavar="X",
        help="how far it goes from the default; negative for the opposite (default: 1)",
    )
    add(
        "--silence-rest",
        type=_number,
        metavar="X",
        help="how far the mouth rests in long silence; 0 keeps what the model says (default: 1)",
    )
    add("--seed", type=int, default=0, help="of what is not in the speech, such as blinks (default: 0)")
    add(
        "--start",
        type=_not_negative,
        default=0.0,
        metavar="S",
        help="seconds into the recording (default: 0)",
    )
    add("--duration", type=_positive, metavar="S", help="seconds to use (default: to the end)")
    add("--cache-dir", type=Path, metavar="DIR", help="keep prepared heads and speech there for the next run")
    add(
        "--weights",
        type=Path,
        metavar="DIR",
        help="folder of a model that you trained (default: the shipped)",
    )


def _add_map_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_head(parser)
    add("-o", "--out", metavar="OUT", type=Path, required=True, help=".npz: places, roles and landmarks")
    add("--picture", metavar="P", type=Path, help=".png: the head with the grid on it")
    add("--cache-dir", type=Path, metavar="DIR", help="keep the mapping there for the next run")


def _add_head(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("head", metavar="HEAD", help="an .obj, .ply or .glb file, or the word 'demo'")


def _not_negative(text: str) -> float:
    """Read a number, or a quotient such as ``30000/1001``."""
    try:
        value = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        value = math.nan
    if not value >= 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 up")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number")
    return value


def _positive(text: str) -> float:
    value = _not_negative(text)
    if value == 0.0:
        raise argparse.ArgumentTypeError("it must be more than 0")
    return value
