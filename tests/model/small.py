"""A small network and head for tests."""

from __future__ import annotations

import torch

from mmtalker.model.config import ModelConfig
from mmtalker.model.graph import nearest_neighbours
from mmtalker.model.network import MMTalkerNetwork, SampledHead

SMALL = ModelConfig(
    speech_layers=(2, 6),
    speech_width=16,
    members=2,
    width=16,
    attention_heads=2,
    samples=64,
    graph_width=16,
    graph_layers=2,
    grid_resolutions=(4, 8),
    grid_features=3,
    map_resolution=8,
    variation_resolution=5,
    identity_modes=2,
    identity_places=12,
    trunk_width=16,
    trunk_layers=2,
    temporal_layers=2,
    dropout=0.0,
    noise=0.0,
    people=("anna", "bert"),
    styles=("natural", "open"),
    style_width=3,
)

IDENTITY = torch.tensor([0.5, -1.0])


def small_network(seed: int = 0, config: ModelConfig = SMALL) -> MMTalkerNetwork:
    """A network whose zero-initialised last layers were given values, as training would."""
    torch.manual_seed(seed)
    network = MMTalkerNetwork(config, torch.ones(10)).eval()
    fill_zeros(network)
    return network


@torch.no_grad()
def fill_zeros(network: MMTalkerNetwork) -> None:
    """Give the zero-initialised last layers values: an untrained network gives a still face."""
    for parameter in network.parameters():
        if not parameter.any():
            parameter.normal_(std=0.3)
    for part in (network.style.named, network.style.gain, network.style.offset):
        part[1:].normal_(std=0.3)


def random_head(count: int = 64, seed: int = 0) -> SampledHead:
    generator = torch.Generator().manual_seed(seed)
    static = torch.rand(count, 8, generator=generator)
    return SampledHead(static, nearest_neighbours(static[:, :3], 9), torch.zeros(count), IDENTITY)


def random_speech(batch: int, frames: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(batch, frames, 2, 16, generator=torch.Generator().manual_seed(seed))
