"""``python -m lab ablations``: our network with one part of the method changed at a time.

All variants take the same steps from the same seeds on the same corpus, and are measured by the evaluator of
``lab evaluate``. What is trained is kept in the output folder: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lab.comparison import runs
from lab.comparison.unseen import measure_unseen, unseen_table, unseen_takes
from lab.corpus.clips import read_corpus
from lab.evaluation.face import Face, canonical_face
from lab.evaluation.figures import FIGURE, Figure, Variant
from lab.evaluation.people import ict_folder, unseen_people
from lab.evaluation.report import Report
from lab.evaluation.run import evaluate_systems
from lab.evaluation.systems import network_systems
from lab.evaluation.table import markdown, number
from lab.evaluation.takes import Prediction, System
from lab.training.config import TrainConfig
from lab.training.train import Start, train
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.model.loading import CONFIG_NAME, load_model
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.progress import Progress, silent

RESULT = "ablations"

UNSEEN = "unseen heads"

SHOWN = (
    "lve", "lve_mm", "eve_mm", "gap_correlation", "width_correlation", "jaw_correlation", "closure_recall",
    "closure_precision",
)  # fmt: skip
"""Figures that have a table each: variants by sets."""


@dataclass(frozen=True)
class Ablation:
    """One change.

    Attributes:
        meaning: what it is, for the table.
        model: fields of the network's configuration.
        training: fields of the run's.
        weights: another variant whose weights it uses, so that nothing is trained.
        one_stage: whether it has no shape keys, and spends the steps of both stages on motion.
        own_keys: whether it sees heads otherwise, so that another network's shape keys are none for it.
    """

    meaning: str
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""
    one_stage: bool = False
    own_keys: bool = False


FULL = "full"

UNFILMED = ("kokoro", "nathalie", "kerstin", "flemishguy")
"""Sources without film."""

ABLATIONS: Mapping[str, Ablation] = {
    FULL: Ablation("the whole method"),
    "uniform": Ablation("samples spread evenly over the chart", {"sampling": "uniform"}),
    "no-graph": Ablation("no graph convolution: each sample by itself", {"graph_layers": 0}, own_keys=True),
    "single": Ablation("single attention: speech reads geometry that heard nothing", {"fusion": "single"}),
    "concatenated": Ablation("no attention: pooled geometry beside speech", {"fusion": "concatenated"}),
    "alone": Ablation("speech alone: no geometry, no vector of the whole window", {"fusion": "alone"}),
    "one-member": Ablation("one network for the speech instead of an ensemble of five", {"members": 1}),
    "last-layer": Ablation("the encoder's last layer alone, not three side by side", {"speech_layers": (6,)}),
    "joint": Ablation(
        "joint regression: one network over point and motion, no shape keys",
        {"regression": "joint"},
        one_stage=True,
        own_keys=True,
    ),
    "no-style": Ablation("one style for everybody", training={"default_style": 1.0}),
    "no-past": Ablation("windows that never see the frames before", training={"no_past": 1.0}),
    "film-alone": Ablation("no phones of speech that nobody filmed", training={"without": UNFILMED}),
    "samples-1024": Ablation("1024 samples at inference", {"samples": 1024}, weights=FULL),
    "samples-4096": Ablation("4096 samples at inference", {"samples": 4096}, weights=FULL),
    "trained-1024": Ablation(
        "1024 samples in training and at inference", {"samples": 1024}, {"samples": 1024}
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, train, measure and write; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab ablations", description=__doc__)
    runs.add_arguments(parser)
    parser.add_argument("--only", nargs="+", choices=ABLATIONS, default=ABLATIONS, metavar="NAME")
    parser.add_argument(
        "--people", type=int, default=2, metavar="N", help="unseen people of each head model (default: 2)"
    )
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help="weights whose shape keys all variants keep that can"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N", help="a run with each")
    options = parser.parse_args(arguments)
    return runs.publish(lambda: find(options, arguments), options.out, RESULT)


def find(options: argparse.Namespace, arguments: Sequence[str] | None) -> runs.Findings:
    """Train and measure the variants that the arguments ask for."""
    names = list(dict.fromkeys([FULL, *options.only]))
    config = runs.read_config(options)
    with ProgressBar(sys.stderr) as progress:
        report = ablate(options, names, config, progress)
    context = runs.about("lab ablations", arguments, config, choose_device(options.device).type)
    report = replace(report, about=context | {"seed": options.seeds})
    return runs.Findings(render(report, names, options.seeds), report.dumps())


def ablate(
    options: argparse.Namespace, names: Sequence[str], config: TrainConfig, progress: Progress = silent
) -> Report:
    """Train what is not trained yet, and evaluate all variants on the canonical head and on unseen ones."""
    device = choose_device(options.device)
    cache = options.cache or options.corpus / "features"
    networks = {
        title(name, seed): trained(
            name, replace(config, seed=seed), options.corpus, options.out, cache, device, options.keys
        )
        for seed in options.seeds
        for name in names
    }
    systems = {name: system(network, config) for name, network in networks.items()}
    corpus = read_corpus(options.corpus)
    encode = runs.cached(runs.load_encoder(config, device), cache)
    report = evaluate_systems(
        corpus,
        systems,
        encode,
        sets=options.sets,
        limit=options.limit,
        face=canonical_face(),
        progress=progress,
    )
    people = unseen_people(ict_folder(corpus), options.people)
    takes = unseen_takes(corpus, encode, options.sets)
    return replace(report, checks={UNSEEN: measure_unseen(networks, systems, people, takes, progress)})


def title(name: str, seed: int) -> str:
    """Name of one run, and of its folder."""
    return f"{name} seed {seed}"


def changed(config: TrainConfig, ablation: Ablation) -> TrainConfig:
    """Return the run that trains a variant."""
    if ablation.one_stage:
        config = replace(config, steps=config.steps + config.shape_steps, shape_steps=0)
    return replace(config, model=replace(config.model, **ablation.model), **ablation.training)


def trained(
    name: str,
    config: TrainConfig,
    corpus: Path,
    out: Path,
    cache: Path,
    device: torch.device,
    keys: Path | None = None,
) -> MMTalkerNetwork:
    """Return a variant's network, trained now or by an earlier run; ``keys`` are kept where they can be.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder was begun with other settings.
    """
    ablation = ABLATIONS[name]
    if ablation.weights:
        network = trained(ablation.weights, config, corpus, out, cache, device, keys)
        return with_model(network, ablation.model)
    wanted = changed(config, ablation)
    folder = out / title(name, config.seed)
    runs.claim(folder, wanted)
    if not (folder / CONFIG_NAME).exists():
        train(wanted, corpus, folder, cache, device, Start(None if ablation.own_keys else keys))
    return load_model(folder, device).network


def with_model(network: MMTalkerNetwork, change: Mapping[str, Any]) -> MMTalkerNetwork:
    """Return a network of the same weights whose configuration differs in what no weight depends on."""
    twin = MMTalkerNetwork(replace(network.config, **change), network.sampler.area)
    twin.load_state_dict(network.state_dict())
    return twin.to(network.sampler.area.device).eval()


def system(network: MMTalkerNetwork, config: TrainConfig) -> System:
    """Return what the network says, given the features of ``config``'s encoder layers."""
    raw = network_systems(network, "")[f" {Variant.RAW}"]
    given = config.model.speech_layers
    columns = [given.index(layer) for layer in network.config.speech_layers]

    def ready(face: Face) -> Prediction:
        predict = raw(face)
        return lambda take: predict(replace(take, features=take.features[:, columns]))

    return ready


def render(report: Report, names: Sequence[str], seeds: Sequence[int]) -> str:
    """Return all of :data:`SHOWN` that some set has as tables, and what was changed."""
    blocks = ["# Ablations", listing(report.about)]
    for figure in (FIGURE[name] for name in SHOWN):
        if any(_mean(found.figures, figure, FULL, seeds)[0] is not None for found in report.sets):
            unit = f", {figure.unit}" if figure.unit else ""
            table = variant_table(report, figure, names, seeds)
            blocks.append(f"## {figure.title}{unit} (better: {figure.better})\n\n{table}")
    unseen = report.checks[UNSEEN]
    blocks.append(f"## Unseen heads: LVE (E_vl), mm²\n\n{unseen_table(unseen, title(FULL, seeds[0]))}")
    blocks.append("## What was changed\n\n" + listing({name: ABLATIONS[name].meaning for name in names}))
    return "\n\n".join(blocks) + "\n"


def listing(values: Mapping[str, object]) -> str:
    """Return one line for each name and its value."""
    return "\n".join(f"- {name}: {value}" for name, value in values.items())


def variant_table(report: Report, figure: Figure, names: Sequence[str], seeds: Sequence[int]) -> str:
    """One figure: a row for each variant, a column for each set; behind it the change beside the full method.

    With several seeds the mean is shown, and its spread as half of the range.
    """
    context = [found for found in report.sets if _mean(found.figures, figure, FULL, seeds)[0] is not None]
    rows = [["variant", *(found.title for found in context)]]
    for name in names:
        row = [name]
        for found in context:
            full, _ = _mean(found.figures, figure, FULL, seeds)
            value, spread = _mean(found.figures, figure, name, seeds)
            cell = number(value) + (f" ± {number(spread)}" if len(seeds) > 1 else "")
            if value is not None and full and name != FULL:
                cell += f" ({100.0 * (value / full - 1.0):+.1f} %)"
            row.append(cell)
        rows.append(row)
    return markdown(rows)


def _mean(
    figures: Mapping[str, Mapping[str, float | None]], figure: Figure, name: str, seeds: Sequence[int]
) -> tuple[float | None, float | None]:
    """Mean over the seeds, and half of the range; None where the set has no such figure."""
    values = [figures[title(name, seed)].get(figure.name) for seed in seeds]
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None, None
    return float(np.mean(numbers)), float(np.ptp(numbers)) / 2.0
