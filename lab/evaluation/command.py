"""``lab evaluate``: how good a model is on a corpus's test clips, as tables, JSON and pictures."""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lab.corpus.clips import Corpus, read_corpus
from lab.evaluation.checks import run_checks
from lab.evaluation.face import Face, build_face
from lab.evaluation.people import Row, ict_folder
from lab.evaluation.plots import draw_report
from lab.evaluation.report import Report
from lab.evaluation.run import evaluate_systems
from lab.evaluation.systems import network_systems, still
from lab.evaluation.table import render
from lab.evaluation.takes import Encode
from lab.evaluation.vertex_command import evaluate_main
from lab.heads.training_heads import ict_head
from lab.vertex_sets.store import is_vertex_corpus
from mmtalker.cli.bar import ProgressBar
from mmtalker.cli.exits import Exit, stopping_with
from mmtalker.device import choose_device
from mmtalker.io.atomic import replacing
from mmtalker.model.loading import DEFAULT_FOLDER, LoadedModel, load_model
from mmtalker.model.regression import JointRegression
from mmtalker.progress import Progress, span
from mmtalker.shipped import PACKAGE
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME
from mmtalker.version import source_digest, version

MODEL = "mmtalker"

FILMED = "filmed"


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, evaluate and write; return the exit code.

    A corpus of moving vertices, which has other splits and lists, has an evaluation of its own.
    """
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--corpus", type=Path)
    folder = where.parse_known_args(argv)[0].corpus
    if folder is not None and is_vertex_corpus(folder):
        return evaluate_main(argv)
    options = _parser().parse_args(argv)
    started = time.monotonic()
    device = choose_device(options.device)
    corpus = read_corpus(options.corpus)
    with stopping_with(Exit.OUTPUT):  # before the work, which takes a while
        options.out.mkdir(parents=True, exist_ok=True)
    model = load_model(options.weights or DEFAULT_FOLDER, device)
    encode = _encoder(model, device, options.cache or options.corpus / "features")
    with ProgressBar(sys.stderr) as progress:
        report = _measure(corpus, model, encode, options, span(progress, 0.0, 0.7))
        checks = _check(corpus, model, encode, options, span(progress, 0.7, 1.0))
    report = replace(report, about=_about(options, model, device, started), checks=checks)
    text = render(report)
    with stopping_with(Exit.OUTPUT):
        pictures = _write(report, text, options.out)
    print(text)
    if pictures is None:
        print(
            "No pictures: matplotlib is not installed. 'pip install matplotlib' brings it.", file=sys.stderr
        )
    print(f"Wrote {options.out / 'evaluation.json'} and evaluation.md in {time.monotonic() - started:.0f} s.")
    return Exit.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab evaluate", description=__doc__)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="folder that 'corpus build' made")
    add("--weights", type=Path, metavar="DIR", help="folder of a trained model (default: the shipped)")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for tables and pictures")
    add(
        "--sets",
        nargs="+",
        metavar="NAME",
        help="test sets, or sources all of whose clips are measured (default: every test set)",
    )
    add("--limit", type=_positive, metavar="N", help="at most so many clips of each set")
    add("--heads", type=int, default=2, metavar="N", help="unseen people of each head model (default: 2)")
    add("--no-checks", action="store_true", help="leave out heads, resolutions, seams and repetition")
    add("--cache", type=Path, metavar="DIR", help="folder for encoded speech (default: CORPUS/features)")
    add("--seed", type=int, default=0, help="of the blinks (default: 0)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 up")
    return int(text)


def _encoder(model: LoadedModel, device: torch.device, cache: Path) -> Encode:
    """Return an encoder that looks into the cache first."""
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, device, model.network.config.speech_layers)
    return FeatureCache(cache).through(encoder)


def _measure(
    corpus: Corpus, model: LoadedModel, encode: Encode, options: argparse.Namespace, progress: Progress
) -> Report:
    """Measure every set on the canonical head, and filmed ones also on the head they were fitted with."""
    systems = {**network_systems(model.network, MODEL, options.seed), "still": still}
    report = evaluate_systems(
        corpus, systems, encode, sets=options.sets, limit=options.limit, progress=span(progress, 0.0, 0.7)
    )
    filmed = [found.name for found in report.sets if found.truth == FILMED]
    face = _ict_face(corpus)
    if not filmed or face is None:
        return report
    again = evaluate_systems(
        corpus,
        systems,
        encode,
        sets=filmed,
        limit=options.limit,
        face=face,
        progress=span(progress, 0.7, 1.0),
    )
    return replace(report, sets=(*report.sets, *again.sets))


def _check(
    corpus: Corpus, model: LoadedModel, encode: Encode, options: argparse.Namespace, progress: Progress
) -> Mapping[str, Sequence[Row]]:
    if options.no_checks or isinstance(model.network.regression, JointRegression):
        return {}  # the joint form has neither shape keys nor curves to look at
    return run_checks(
        model.network,
        corpus,
        encode,
        ict=ict_folder(corpus),
        people=options.heads,
        seed=options.seed,
        progress=progress,
    )


def _ict_face(corpus: Corpus) -> Face | None:
    folder = ict_folder(corpus)
    return None if folder is None else build_face(ict_head(folder))


def _about(
    options: argparse.Namespace, model: LoadedModel, device: torch.device, started: float
) -> dict[str, Any]:
    name = torch.cuda.get_device_name(0) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    return {
        "version": version(),
        "commit": _commit() or "unknown",
        "code": source_digest()[:16],
        "weights": model.checksum,
        "device": f"{device.type}, {name}",
        "seed": options.seed,
        "clips of each set": options.limit or "all",
        "date": datetime.date.today().isoformat(),
        "seconds": round(time.monotonic() - started),
    }


def _commit() -> str | None:
    """Return the commit of a checkout, marked when files were changed since."""
    command = ["git", "-C", str(PACKAGE), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _write(report: Report, text: str, folder: Path) -> list[Path] | None:
    for name, content in (("evaluation.json", report.dumps()), ("evaluation.md", text)):
        with replacing(folder / name) as partial:
            partial.write_text(content, encoding="utf-8")
    return draw_report(report, folder)
