"""The displacement maps that training starts from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from lab.heads.training_heads import anny_head
from lab.training.head_set import HeadTensors, head_tensors
from lab.training.maps import bilinear, fit_identity, fit_maps
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.identity import LIMIT, HeadIdentity
from mmtalker.model.regression import read_grid


def heads(count: int) -> list[HeadTensors]:
    """The canonical head, and others that are wider or longer and move as much more."""
    canonical, own = load_canonical(), anny_head()
    rng = np.random.default_rng(0)
    stretches = np.exp(0.2 * rng.standard_normal((count, 3))).astype(np.float32)
    people = [replace(own, vertices=own.vertices * s, shapes=own.shapes * s) for s in stretches]
    return [head_tensors(own, canonical, own=True), *(head_tensors(head, canonical) for head in people)]


Maps = tuple[torch.Tensor, torch.Tensor]


def read(maps: Maps, identity: torch.Tensor, uv: torch.Tensor) -> torch.Tensor:
    varied = torch.einsum("j,jkcab->kcab", identity, maps[1])
    flat = sum(read_grid(grid.flatten(0, 1)[None], uv) for grid in (maps[0], varied))
    assert isinstance(flat, torch.Tensor)
    return flat.reshape(len(uv), -1, 3).transpose(0, 1)


def squared_error(maps: Maps, identity: torch.Tensor, head: HeadTensors) -> float:
    truth = head.places.shapes
    apart = ((read(maps, identity, head.places.uv) - truth) ** 2).sum(dim=(0, 2))
    return float((apart * head.weight).mean())


def test_one_head_is_met_and_an_identity_brings_others_closer() -> None:
    people = heads(3)
    identities = fit_identity(HeadIdentity(2, 64), people, 0)

    own = fit_maps(people[:1], identities[:1, :0], 64, 8)
    shared = fit_maps(people, identities[:, :0], 48, 8)
    varied = fit_maps(people, identities, 48, 24)

    still = squared_error((torch.zeros_like(own[0]), own[1]), identities[0, :0], people[0])
    assert squared_error(own, identities[0, :0], people[0]) < 0.01 * still
    assert sum(squared_error(varied, z, head) for head, z in zip(people, identities, strict=True)) < sum(
        squared_error(shared, z[:0], head) for head, z in zip(people, identities, strict=True)
    )


def test_a_grid_is_read_as_the_network_reads_it() -> None:
    uv = torch.rand(50, 2, generator=torch.Generator().manual_seed(0))
    uv[:4] = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.3]])
    grid = torch.rand(1, 3, 7, 7, generator=torch.Generator().manual_seed(1))

    by_matrix = bilinear(uv.numpy(), 7) @ grid[0].flatten(1).T.numpy()

    assert np.allclose(by_matrix, read_grid(grid, uv).numpy(), atol=1e-6)


def test_identities_are_standardised_and_bounded() -> None:
    positions = torch.randn(12, 30, 3, generator=torch.Generator().manual_seed(0))
    identity = HeadIdentity(3, 30)

    identity.fit(torch.rand(30, 2), positions)
    found = torch.stack([identity(own) for own in positions])

    assert torch.allclose(found.mean(dim=0), torch.zeros(3), atol=0.1)
    assert torch.allclose(found.std(dim=0, correction=0), torch.ones(3), atol=0.1)
    assert identity(100.0 * positions[0]).abs().max() <= LIMIT


def test_equal_heads_have_no_components() -> None:
    identity = HeadIdentity(2, 5)
    identity.fit(torch.rand(5, 2), torch.ones(4, 5, 3))

    assert not identity(torch.rand(5, 3)).any()
