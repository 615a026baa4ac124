"""Train the network on a corpus: ``python -m lab train``.

It reads from top to bottom: corpus, heads, network, two stages, styles, figures, weights. A run that was
stopped goes on from its last checkpoint. Started by ``torchrun``, several processes share the last stage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch

from lab.corpus.clips import Corpus, read_corpus
from lab.evaluation.score import Figures
from lab.evaluation.summary import network_figures
from lab.training.batches import Batches
from lab.training.checkpoint import Checkpoint
from lab.training.config import TrainConfig
from lab.training.directions import channel_use, training_activations, training_directions
from lab.training.distributed import Processes, processes
from lab.training.head_set import load_heads
from lab.training.labels import teacher
from lab.training.log import Log, draw_log
from lab.training.loop import LICENCE, learn
from lab.training.maps import fit_identity, fit_maps
from lab.training.ranges import share_one_range
from lab.training.stages import frozen_copy, motion, shape_keys
from lab.training.styles import STYLES, measure_styles
from lab.training.utterances import Label, Utterance, feature_statistics, training_utterances
from lab.training.vertex_training import train_vertices
from lab.vertex_sets.store import is_vertex_corpus
from mmtalker.cli.bar import ProgressBar
from mmtalker.device import choose_device
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.heads import Chart
from mmtalker.model.loading import DEFAULT_FOLDER, WEIGHTS_NAME, save_model
from mmtalker.model.network import MMTalkerNetwork, makes_shape_keys
from mmtalker.model.regression import FactorisedRegression
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME


@dataclass(frozen=True)
class Start:
    """What a run takes over from earlier ones.

    Attributes:
        keys: folder of weights whose shape keys are kept instead of learned.
        teacher: folder of weights that say how a face moves in speech that nobody filmed.
    """

    keys: Path | None = None
    teacher: Path | None = None


def train(
    config: TrainConfig,
    corpus: Path,
    out: Path,
    cache: Path,
    device: torch.device,
    start: Start = Start(),
) -> None:
    """Run all steps, or the rest of them, and write the weights to ``out``.

    Args:
        config: the run.
        corpus: a folder that ``corpus build`` or ``corpus import`` made.
        out: folder for weights, log and checkpoint.
        cache: folder for encoded speech, which runs may share.
        device: where to train.
        start: what is taken over from earlier runs.
    """
    if is_vertex_corpus(corpus):
        train_vertices(config, corpus, out, cache, device)
        return
    with processes(device) as run:
        _train(config, corpus, out, cache, run, start)


def _train(config: TrainConfig, folder: Path, out: Path, cache: Path, run: Processes, start: Start) -> None:
    torch.manual_seed(config.seed)
    out.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus(folder)
    canonical = load_canonical()
    chart = Chart(torch.from_numpy(canonical.uv[canonical.chart_triangles]).to(run.device))
    heads = load_heads(folder, config)
    label = teacher(start.teacher, chart, heads[0]) if start.teacher else None
    sets, config, opening = share_one_range(load_speech(config, folder, cache, run, label), config)
    model = replace(config.model, chart_triangles=len(chart.corners), styles=STYLES)
    config = replace(config, model=model)
    batches = Batches(sets, config)
    activations = training_activations(batches, config)
    if run.first:
        counts = ", ".join(f"{len(found)} of {name}" for name, found in sets.items())
        print(
            f"{len(heads)} heads; {len(model.people)} people; recordings and their copies: {counts}",
            flush=True,
        )

    network = MMTalkerNetwork(config.model, chart.area).to(run.device)
    network.speech.standardise_by(*(torch.from_numpy(part) for part in feature_statistics(sets)))
    if isinstance(network.regression, FactorisedRegression):
        if start.keys:
            take_shape_keys(network, start.keys)
            config = replace(config, shape_steps=0)
        else:
            identities = fit_identity(network.identity, heads, config.seed)
            maps = fit_maps(heads, identities, model.map_resolution, model.variation_resolution)
            network.regression.set_maps(*(part.to(run.device) for part in maps))
        network.regression.start_directions(training_directions(activations, heads[0], config))
    checkpoint = Checkpoint(out / "checkpoint.pt", run)
    log = Log(out / "log.csv", run.first)
    average = frozen_copy(network)
    checkpoint.restore(network, average)
    if run.first:  # this stage is short, and one process does it
        keys = shape_keys(network, chart, heads, channel_use(activations), config)
        if keys is not None and checkpoint.done(keys.name) < keys.steps:
            learn(keys, config, checkpoint, log, replace(run, count=1))
            average = frozen_copy(network)
    run.wait()
    learn(motion(network, chart, heads, batches, config, run), config, checkpoint, log, run, average)
    if run.first:
        styles = measure_styles(average, chart, heads[0], sets) if model.people else {}
        about = {
            "training": config.to_json(),
            "sources": {
                source.name: source.licence for source in corpus.sources if source.name not in config.without
            },
            "licence": LICENCE,
            "styles": styles,
            "opening_mm": opening,
            "figures": held_out_figures(average, corpus, config, cache, run),
        }
        save_model(average, out, about)
        if not draw_log(out / "log.csv", out / "log.png"):
            print("No picture of the curves: matplotlib is not installed.", flush=True)
    run.wait()


def take_shape_keys(network: MMTalkerNetwork, folder: Path) -> None:
    """Give a network the parts of another one that make shape keys.

    Raises:
        MMTalkerError: WEIGHTS_MISSING where ``folder`` holds none that fit.
    """
    assert isinstance(network.regression, FactorisedRegression), "the joint form has no shapes"
    try:
        tensors = safetensors.torch.load_file(folder / WEIGHTS_NAME)
        kept = {name: value.float() for name, value in tensors.items() if makes_shape_keys(name)}
        missing = network.load_state_dict(kept, strict=False).missing_keys
        if absent := [name for name in missing if makes_shape_keys(name)]:
            raise ValueError(f"there is no {absent[0]}")
    except (OSError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING, f"The shape keys of {folder} cannot be taken over: {error}."
        ) from error
    for part in (network.regression.map, network.regression.variations):
        part.requires_grad_(False)


def load_speech(
    config: TrainConfig, folder: Path, cache: Path, run: Processes, label: Label | None = None
) -> dict[str, list[Utterance]]:
    """Encode the corpus in the first process; the others find it done."""
    if not run.first:
        run.wait()
    with ProgressBar(sys.stderr) as progress:
        sets = training_utterances(
            read_corpus(folder), speech_encoder(config, run), config, cache, progress, label
        )
    if run.first:
        run.wait()
    return sets


def held_out_figures(
    network: MMTalkerNetwork, corpus: Corpus, config: TrainConfig, cache: Path, run: Processes
) -> dict[str, Figures]:
    """Measure a trained network on a few clips of every test set."""
    if not config.figure_clips:
        return {}
    encode = FeatureCache(cache / "held-out").through(speech_encoder(config, run))
    return network_figures(network, corpus, encode, config.figure_clips)


def speech_encoder(config: TrainConfig, run: Processes) -> SpeechEncoder:
    """Return the encoder with the layers that the network reads."""
    return SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, run.device, config.model.speech_layers)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m lab train", description=__doc__)
    parser.add_argument("config", nargs="?", type=Path, help="JSON that names the settings to change")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that 'corpus build' made")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for weights and log")
    parser.add_argument("--cache", type=Path, help="folder for encoded speech (default: CORPUS/features)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--steps", type=int, help="instead of the configuration's number")
    parser.add_argument("--keys", type=Path, metavar="RUN", help="keep the shape keys of this run")
    parser.add_argument(
        "--teacher", type=Path, metavar="RUN", help="how this run moves in it is learned of unfilmed speech"
    )
    options = parser.parse_args(argv)
    config = TrainConfig.load(options.config) if options.config else TrainConfig()
    if options.steps:
        config = replace(config, steps=options.steps)
    cache = options.cache or options.corpus / "features"
    start = Start(options.keys, options.teacher)
    train(config, options.corpus, options.out, cache, choose_device(options.device), start)
    return 0
