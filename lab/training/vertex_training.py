"""Training on moving vertices: the same network and steps, with shapes learned from displacement alone.

ARKit's names mean nothing on such a set. The K channels are free modes, which start as the principal
directions of the training motion; the joint form has no channels at all. Style vectors of the training
subjects have no place here: a person is told by the template, which the geometry stream sees.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.corpus.clips import Clip
from lab.training.checkpoint import Checkpoint
from lab.training.config import TrainConfig
from lab.training.distributed import Processes, processes
from lab.training.log import Log
from lab.training.loop import LICENCE, learn
from lab.training.stages import frozen_copy
from lab.training.utterances import changed, feature_statistics
from lab.training.vertex_heads import corpus_chart, relative_area
from lab.training.vertex_modes import (
    displacement_modes,
    mode_map,
    mode_names,
    training_frames,
    vertex_weights,
)
from lab.training.vertex_step import vertex_stage
from lab.training.vertex_windows import VertexBatches, VertexUtterance
from lab.vertex_sets.store import VertexCorpus, read_vertex_corpus, subject_of
from mmtalker.cli.bar import ProgressBar
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.loading import DEFAULT_FOLDER, save_model
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import FactorisedRegression
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import load_audio
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import FEATURE_RATE, SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME

Float32 = NDArray[np.float32]

STATISTICS_FROM = 100
"""Utterances over which the speech's mean and deviation are measured."""


def train_vertices(config: TrainConfig, folder: Path, out: Path, cache: Path, device: torch.device) -> None:
    """Run all steps, or the rest of them, and write the weights to ``out``.

    Args:
        config: the run; its channels' names, losses on shapes and lips, and heads are not used.
        folder: a corpus that ``corpus import`` made.
        out: folder for weights, log and checkpoint.
        cache: folder for encoded speech, which runs may share.
        device: where to train.
    """
    with processes(device) as run:
        _train(config, folder, out, cache, run)


def _train(config: TrainConfig, folder: Path, out: Path, cache: Path, run: Processes) -> None:
    torch.manual_seed(config.seed)
    out.mkdir(parents=True, exist_ok=True)
    corpus = read_vertex_corpus(folder)
    config = replace(
        config,
        model=replace(
            config.model,
            names=mode_names(config.model.channels),
            chart_triangles=len(corpus.chart_triangles),
        ),
    )
    chart = corpus_chart(corpus, run.device)
    utterances = load_utterances(config, corpus, cache, run)
    network = MMTalkerNetwork(config.model, relative_area(chart)).to(run.device)
    statistics = feature_statistics({corpus.name: utterances}, STATISTICS_FROM)
    network.speech.standardise_by(*map(torch.from_numpy, statistics))
    weight, start = _start(network, corpus)
    average = frozen_copy(network)
    checkpoint = Checkpoint(out / "checkpoint.pt", run)
    checkpoint.restore(network, average)
    stage = vertex_stage(
        network, chart, corpus, VertexBatches(utterances, config), weight, start, config, run
    )
    learn(stage, config, checkpoint, Log(out / "log.csv", run.first), run, average)
    if run.first:
        sources = {source.name: source.licence for source in corpus.corpus.sources}
        about = {"training": config.to_json(), "sources": sources, "licence": LICENCE, "set": corpus.name}
        save_model(average, out, about)
    run.wait()


def _start(network: MMTalkerNetwork, corpus: VertexCorpus) -> tuple[Float32, Tensor]:
    """Give the network's map the principal directions of the training motion.

    Returns:
        (V,) how much each vertex counts, and the map; the joint form has none.
    """
    frames = training_frames(corpus)
    weight = vertex_weights(corpus, frames)
    regression = network.regression
    if not isinstance(regression, FactorisedRegression):
        return weight, torch.zeros(0)
    surface = CanonicalSurface(corpus.uv, corpus.chart_triangles)
    modes = displacement_modes(frames, network.config.channels, weight)
    regression.start_map(mode_map(modes, surface, network.config.map_resolution).to(regression.map.device))
    return weight, regression.map.detach().clone()


def load_utterances(
    config: TrainConfig, corpus: VertexCorpus, cache: Path, run: Processes
) -> list[VertexUtterance]:
    """Encode the training sequences and their copies in the first process; the others find it done."""
    if not run.first:
        run.wait()
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, run.device, config.model.speech_layers)
    with ProgressBar(sys.stderr) as progress:
        copies = config.copies.get(corpus.name, 1)
        clips = list(corpus.corpus.training(config.without))
        utterances = encode_clips(corpus, clips, encoder, FeatureCache(cache), copies, progress)
    if run.first:
        run.wait()
        print(f"{len(clips)} sequences of {corpus.name}, {copies} changed copies of each", flush=True)
    return utterances


def encode_clips(
    corpus: VertexCorpus,
    clips: list[Clip],
    encoder: SpeechEncoder,
    cache: FeatureCache,
    copies: int,
    progress: Progress = silent,
) -> list[VertexUtterance]:
    """Return the clips and ``copies`` changed copies of each, with features beside the motion."""
    utterances = []
    for done, clip in enumerate(clips):
        recording, motion = load_audio(corpus.corpus.audio(clip)), corpus.displacement(clip)
        for copy in range(copies + 1):
            audio, speed, position = changed(recording, clip.name, copy)
            features = cache.features(encoder, audio, first_position=position).astype(np.float16)
            stride = FEATURE_RATE / (corpus.fps * speed)
            utterances.append(VertexUtterance(subject_of(clip), features, motion, stride))
        progress(f"speech of {corpus.name}", (done + 1) / len(clips))
    return utterances
