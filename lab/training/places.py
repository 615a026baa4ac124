"""Train the networks that find a face on any mesh: ``python -m lab train-mapping``.

A bank of people of all kinds is made once; both networks learn from pictures of them, drawn anew each step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lab.bank.bank import MODELS, HeadCloud, fill_bank
from lab.bank.bend import bend
from lab.training.loop import LICENCE, follow, learning_rate_factor
from mmtalker.mapping.cameras import (
    COARSE_SIZE,
    DECIMETRE,
    FINE_CHANNELS,
    FINE_SIZE,
    FINE_YAWS,
    SIDE_YAWS,
    aligned,
    aligned_image,
)
from mmtalker.mapping.locate import Networks
from mmtalker.mapping.network import PixelConfig, PixelNetwork, PixelPlaces
from mmtalker.mapping.views import CHANNELS, Views, look
from mmtalker.mapping.weights import FILE, load_networks, save_networks

CONFIGS = {
    "coarse": PixelConfig(CHANNELS, (32, 56, 80, 128)),
    "fine": PixelConfig(FINE_CHANNELS, (24, 40, 64, 96)),
}

HEADS = {"coarse": 8, "fine": 3}
"""In a batch; each is seen in several views, since drawing a head costs more than a view of it."""

COARSE_VIEWS = 3
COARSE_POINTS = 32_000

BENT = 0.7
"""Share of the heads that are bent into somebody else's."""

PEAK_RATE = 2.5e-3
WARM_UP = 200
CHECKPOINT_EVERY = 500
AVERAGE = 0.998


@dataclass(frozen=True)
class Sample:
    """Pictures of one head and the truth about their even pixels.

    Attributes:
        image: (N, C, S, S).
        place: (N, 3, R, R) dm.
        face: (N, R, R) whether the pixel shows skin of the head.
        base: (N, 3, R, R) dm, what the network's answer is added to.
    """

    image: Tensor
    place: Tensor
    face: Tensor
    base: Tensor


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, train the networks asked for, and write both once both are there."""
    parser = argparse.ArgumentParser(prog="python -m lab train-mapping", description=__doc__)
    parser.add_argument(
        "networks",
        nargs="*",
        choices=[*CONFIGS, []],
        metavar="NETWORK",
        help=f"of {', '.join(CONFIGS)} (default: all)",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds heads/ict_facekit")
    parser.add_argument("--bank", type=Path, required=True, help="folder where the people are kept")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of checkpoints and result")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--heads", type=int, default=2560)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="FILE", help="networks to go on from (default: anew)")
    parser.add_argument(
        "--rate", type=float, default=PEAK_RATE, help="peak learning rate (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    bank = list(
        fill_bank(options.bank, options.data, tuple(options.models), range(options.heads), options.seed)
    )
    before = load_networks(options.start) if options.start else None
    for name in options.networks or CONFIGS:
        start = getattr(before, name) if before else None
        learn(name, bank, options.steps, options.seed, options.out / f"{name}.pt", start, options.rate)
    files = {name: options.out / f"{name}.pt" for name in CONFIGS}
    if before or all(file.exists() for file in files.values()):
        about = {"models": list(options.models), "heads": options.heads, "licence": LICENCE}
        networks = {
            name: averaged(name, file) if file.exists() else getattr(before, name)
            for name, file in files.items()
        }
        save_networks(Networks(**networks), options.out / FILE.name, about)
    return 0


def averaged(name: str, checkpoint: Path) -> PixelNetwork:
    """Read the running average that a checkpoint keeps."""
    network = PixelNetwork(CONFIGS[name])
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    return network


def learn(
    name: str,
    bank: Sequence[HeadCloud],
    steps: int,
    seed: int,
    out: Path,
    start: PixelNetwork | None = None,
    rate: float = PEAK_RATE,
) -> PixelNetwork:
    """Do all steps, or the rest of them; return the averaged network.

    Args:
        name: of the network, a key of ``CONFIGS``.
        bank: whom it learns from.
        steps: how many there are in all, with those that ``out`` has already.
        seed: of everything.
        out: the checkpoint, read where it exists.
        start: what the first step begins with; ``None`` for chance.
        rate: the learning rate at its peak.
    """
    torch.manual_seed(seed)
    network = PixelNetwork(CONFIGS[name]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        network.load_state_dict(start.state_dict())
    average = PixelNetwork(CONFIGS[name])
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    done = 0
    if out.exists():
        state = torch.load(out, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        done = int(state["done"])
    began = time.monotonic()
    shown: dict[str, float] = {}
    for step in range(done, steps):
        rng = np.random.default_rng([seed, len(name), step])
        batch = draw(name, bank, rng)
        for group in optimiser.param_groups:
            group["lr"] = rate * learning_rate_factor(step, steps, WARM_UP)
        with torch.autocast("cpu", torch.bfloat16):
            said = network(batch.image.contiguous(memory_format=torch.channels_last))
        terms = losses(said, batch)
        optimiser.zero_grad(set_to_none=True)
        (terms["place"] + terms["face"]).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        follow(average, network, min(AVERAGE, (step + 1) / (step + 10)))
        for key, value in terms.items():
            now = float(value.detach())
            shown[key] = 0.99 * shown.get(key, now) + 0.01 * now
        if (step + 1) % 100 == 0:
            said_so = " ".join(f"{key} {value:.4f}" for key, value in shown.items())
            print(f"{name} {step + 1} {said_so} {time.monotonic() - began:.0f} s", flush=True)
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            state = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "done": step + 1,
            }
            out.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, out.with_suffix(".part"))
            out.with_suffix(".part").replace(out)
    return average


def losses(said: PixelPlaces, batch: Sample) -> dict[str, Tensor]:
    """Laplace likelihood of the place where there is skin, and cross entropy of being skin."""
    face = batch.face.float()
    apart = (said.place + batch.base - batch.place).norm(dim=1)
    likelihood = apart / said.scale + 3.0 * said.scale.log()
    skin = face.sum().clamp_min(1.0)
    return {
        "place": (likelihood * face).sum() / skin,
        "face": binary_cross_entropy_with_logits(said.face, face),
        "mm": 100.0 * (apart.detach() * face).sum() / skin,
    }


def draw(name: str, bank: Sequence[HeadCloud], rng: np.random.Generator) -> Sample:
    """Draw a batch of pictures."""
    heads = [bank[int(rng.integers(len(bank)))] for _ in range(HEADS[name])]
    make = coarse_sample if name == "coarse" else fine_sample
    if name == "coarse":
        heads = [_some(head, COARSE_POINTS, rng) for head in heads]
    samples = [make(_bent_or_not(head, rng), rng) for head in heads]
    return Sample(
        *(
            torch.cat([getattr(sample, part) for sample in samples])
            for part in ("image", "place", "face", "base")
        )
    )


def coarse_sample(head: HeadCloud, rng: np.random.Generator) -> Sample:
    """Views from anywhere, of all of it or of about the head."""
    points, normals, place, on_chart = _mirrored_or_not(head, rng)
    stretch = np.exp(rng.uniform(-0.08, 0.08, 3))
    points, normals = points * stretch, normals / stretch
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    front = np.array([0.0, -0.02, 0.0])
    rotations, centres, halves = [], [], []
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    for _ in range(COARSE_VIEWS):
        turn = Rotation.random(random_state=rng).as_matrix()
        if rng.random() < 0.7:
            tilt = Rotation.from_rotvec(np.radians(rng.uniform(0.0, 75.0)) * _direction(rng)).as_matrix()
            roll = Rotation.from_rotvec([0.0, 0.0, rng.uniform(-np.pi, np.pi)]).as_matrix()
            turn = roll @ tilt
        rotations.append(turn)
        if rng.random() < 0.4:
            centres.append(middle)
            halves.append(radius * rng.uniform(0.9, 1.15))
        else:
            half = np.exp(rng.uniform(np.log(0.11), np.log(0.45)))
            centres.append(front + [0.0, 0.0, -0.05] + rng.normal(size=3) * 0.25 * half)
            halves.append(half)
    views = Views(_tensor(np.stack(rotations)), _tensor(np.stack(centres)), _tensor(np.array(halves)))
    pictures = look(_tensor(points), _tensor(normals), views, COARSE_SIZE)
    truth, face = _truth(pictures.index, place, on_chart)
    return Sample(pictures.image, truth, face, torch.zeros_like(truth))


def fine_sample(head: HeadCloud, rng: np.random.Generator) -> Sample:
    """The aligned views, with a similarity that is as wrong as the first look may leave it."""
    points, normals, place, on_chart = _mirrored_or_not(head, rng)
    turn = Rotation.from_rotvec(np.radians(rng.normal(size=3) * 5.0)).as_matrix()
    points = points @ turn.T * np.exp(rng.normal() * 0.06) + rng.normal(size=3) * 0.006
    normals = normals @ turn.T
    # Of the sides one will do: every other head is mirrored.
    yaws = np.array([*FINE_YAWS, rng.choice(SIDE_YAWS)])
    views = aligned(yaws + rng.normal(size=len(yaws)) * 4.0)
    cloud, facing = _tensor(points), _tensor(normals)
    pictures = look(cloud, facing, views, FINE_SIZE)
    image = aligned_image(pictures, cloud, facing)
    truth, face = _truth(pictures.index, place, on_chart)
    return Sample(image, truth, face, image[:, 3:6, ::2, ::2])


def _bent_or_not(head: HeadCloud, rng: np.random.Generator) -> HeadCloud:
    if rng.random() >= BENT:
        return head
    points, normals = bend(head.points.astype(np.float32), head.normals.astype(np.float32), rng)
    return replace(head, points=points.astype(np.float16), normals=normals.astype(np.float16))


def _some(head: HeadCloud, count: int, rng: np.random.Generator) -> HeadCloud:
    """The head by fewer points, before anything is done with them all."""
    rows = rng.integers(0, len(head.points), count)
    return HeadCloud(*(part[rows] for part in vars(head).values()))


def _mirrored_or_not(
    head: HeadCloud, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    side = np.array([-1.0 if rng.random() < 0.5 else 1.0, 1.0, 1.0], dtype=np.float32)
    points, normals, place = (
        part.astype(np.float32) * side for part in (head.points, head.normals, head.place)
    )
    return points, normals, place, head.on_chart


def _truth(index: Tensor, place: NDArray[np.float32], on_chart: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    even = index[:, ::2, ::2]
    shown = even.clamp_min(0)
    truth = (torch.from_numpy(place) * DECIMETRE)[shown].permute(0, 3, 1, 2)
    return truth, (even >= 0) & torch.from_numpy(on_chart)[shown]


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    drawn = rng.normal(size=3)
    unit: NDArray[np.float64] = drawn / np.linalg.norm(drawn)
    return unit


def _tensor(values: NDArray[np.floating[Any]]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
