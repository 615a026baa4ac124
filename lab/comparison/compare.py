"""``python -m lab compare``: train the baselines, and measure them and our weights by one evaluator.

Every baseline learns from the same batches for as many steps as the network learns motion in. What is trained
is kept in the output folder: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.baselines.systems import BASELINES, RULE, baseline_system
from lab.comparison import runs
from lab.corpus.clips import read_corpus
from lab.evaluation.face import canonical_face
from lab.evaluation.figures import FIGURE, Figure
from lab.evaluation.report import TRUTH, Report
from lab.evaluation.run import evaluate_systems
from lab.evaluation.systems import network_systems
from lab.evaluation.table import markdown, merge_variants, number, render
from lab.phonetics.corpus_recogniser import corpus_recogniser
from lab.phonetics.phone_recogniser import PhoneRecogniser
from lab.training.batches import Batches
from lab.training.config import TrainConfig
from lab.training.ranges import share_one_range
from lab.training.utterances import training_utterances
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.errors import MMTalkerError
from mmtalker.model.loading import DEFAULT_FOLDER, load_model
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import Audio
from mmtalker.speech.features import SpeechEncoder

OURS = "MMTalker"

RESULT = "comparison"

MARGINS = ("lve", "lve_mm", "eve", "eve_mm")
"""Errors whose distance from the best baseline has a table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, train, measure and write; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab compare", description=__doc__)
    runs.add_arguments(parser)
    parser.add_argument("--weights", type=Path, metavar="DIR", help="of our model (default: the shipped)")
    parser.add_argument("--systems", nargs="+", choices=BASELINES, default=BASELINES, metavar="NAME")
    options = parser.parse_args(arguments)
    return runs.publish(lambda: find(options, arguments), options.out, RESULT)


def find(options: argparse.Namespace, arguments: Sequence[str] | None) -> runs.Findings:
    """Train and measure what the arguments ask for."""
    config = runs.read_config(options)
    with ProgressBar(sys.stderr) as progress:
        report = compare(options, config, progress)
    context = runs.about("lab compare", arguments, config, choose_device(options.device).type)
    report = replace(report, about={**context, **report.about})
    text = "\n".join([render(report), *(margin_block(report, FIGURE[name]) for name in MARGINS)])
    return runs.Findings(text, report.dumps())


def compare(options: argparse.Namespace, config: TrainConfig, progress: Progress = silent) -> Report:
    """Train what is not trained yet, and evaluate all systems on the canonical head."""
    device = choose_device(options.device)
    trained = load_model(options.weights or DEFAULT_FOLDER, device)
    layers = trained.network.config.speech_layers
    config = replace(config, model=replace(config.model, speech_layers=layers))  # the same speech for all
    corpus = read_corpus(options.corpus)
    cache = options.cache or options.corpus / "features"
    encoder = runs.load_encoder(config, device)
    # Baselines have nothing to learn from speech that nobody filmed.
    unfilmed = tuple(source.name for source in corpus.sources if source.motion != "filmed")
    filmed = replace(config, without=unfilmed)
    sets, config, _ = share_one_range(training_utterances(corpus, encoder, filmed, cache, progress), filmed)
    batches = Batches(sets, config)
    face = canonical_face()
    recogniser = _recogniser(options.corpus, encoder) if RULE in options.systems else None
    systems = network_systems(trained.network, OURS)
    for name in options.systems:
        systems[name] = baseline_system(
            name, batches, face, config, options.out, device, recogniser, progress
        )
    report = evaluate_systems(
        corpus,
        systems,
        runs.cached(encoder, cache),
        sets=options.sets,
        limit=options.limit,
        face=face,
        progress=progress,
    )
    return replace(report, about={"weights": trained.checksum})


def _recogniser(corpus: Path, encoder: SpeechEncoder) -> PhoneRecogniser | None:
    """Return the corpus's recogniser of phones; None where the corpus cannot teach one."""

    def encode(audio: Audio, first_position: int) -> NDArray[np.float32]:
        return encoder.features(audio, first_position=first_position)

    try:
        return corpus_recogniser(corpus, encode)
    except MMTalkerError as error:
        print(f"{error} The {RULE} rests where phones are unknown.", file=sys.stderr)
        return None


def margin_block(report: Report, figure: Figure) -> str:
    """Return a table: for each set our error, the best baseline's, and by how much ours is less."""
    rows = [["set", OURS, "best baseline", "its error", "less by"]]
    for found in report.sets:
        values = {name: own.get(figure.name) for name, own in merge_variants(found.figures).items()}
        trained = values.pop(OURS, None)
        values.pop(TRUTH, None)
        rivals = {name: value for name, value in values.items() if value is not None}
        if trained is not None and rivals:
            best = min(rivals, key=lambda name: rivals[name])
            less = 100.0 * (1.0 - trained / rivals[best])
            rows.append([found.title, number(trained), best, number(rivals[best]), f"{less:.1f} %"])
    return f"## Ours beside the best baseline: {figure.title}, {figure.unit}\n\n{markdown(rows)}\n"
