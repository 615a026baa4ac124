"""The displacement maps that training starts from: least squares over all heads, solved at once.

A map's nodes are touched by few points of a step, so that gradients would find it slowly and leave it noisy.
What the maps cannot say of a head is left to the trunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from torch import Tensor

from lab.training.head_set import HeadTensors, Places
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.identity import HeadIdentity

OWN_WEIGHT = 16.0
"""Of a model's own head beside a random person's."""

BORDER_WEIGHT = 20.0
"""Of the lips' and lids' borders, which have to meet, beside 1 for the face."""

BEND_WEIGHT = 0.05
"""Of the squared second differences of a map, beside a mean weight of 1 for a point."""

POINTS = 4000
"""What the weights of a head add up to, so that no head counts more for having more vertices."""

REST = 1e-3
"""Pull of every node to zero: where no head says anything, nothing moves."""

Matrix: TypeAlias = Any
"""A sparse matrix: SciPy tells no types."""


def fit_identity(identity: HeadIdentity, heads: Sequence[HeadTensors], seed: int) -> Tensor:
    """Find the components of ``heads`` and return (H, J) the identities."""
    uv = load_canonical().uv
    rng = np.random.default_rng(seed)
    count = len(identity.places)
    places = uv[rng.choice(len(uv), count, replace=count > len(uv))]
    positions = np.stack([head.surface.at(places, head.surface.point[:, :3]) for head in heads])
    device = identity.mean.device
    read = torch.from_numpy(positions).to(device)
    identity.fit(torch.from_numpy(places).to(device), read)
    return torch.stack([identity(own) for own in read])


def fit_maps(
    heads: Sequence[HeadTensors], identities: Tensor, resolution: int, variation_resolution: int
) -> tuple[Tensor, Tensor]:
    """Return maps in cm that come closest to the shapes of all heads: (K, 3, R, R) and (J, K, 3, V, V).

    Minimises sum_h sum_p w_hp |M_0(p) + sum_j z_hj M_j(p) - Φ_h(p)|^2 + the maps' bending, with M read
    bilinearly: a sparse linear system, the same for every channel.

    Args:
        heads: with their true shapes.
        identities: (H, J).
        resolution: R, of the map of all heads.
        variation_resolution: V, of what an identity adds.
    """
    sizes = [resolution] + [variation_resolution] * identities.shape[1]
    starts = np.cumsum([0, *(size**2 for size in sizes)])
    system = sparse.block_diag([BEND_WEIGHT * _bending(size) for size in sizes], format="csr")
    system = system + REST * sparse.identity(int(starts[-1]))
    channels = len(heads[0].places.shapes)
    right = np.zeros((int(starts[-1]), 3 * channels))
    for head, identity in zip(heads, identities.cpu().double().numpy(), strict=True):
        for places, weight in _weighted(head):
            uv = places.uv.cpu().numpy()
            fine, coarse = bilinear(uv, resolution), bilinear(uv, variation_resolution)
            read: Matrix = sparse.hstack([fine, *(part * coarse for part in identity)], format="csr")
            system = system + read.T @ sparse.diags(weight) @ read
            truth = places.shapes.permute(1, 0, 2).flatten(1).cpu().double().numpy()
            right += read.T @ (weight[:, None] * truth)
    solver = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    found = solver.solve(right)
    maps = [
        found[start:stop].reshape(size, size, channels, 3).transpose(2, 3, 0, 1)
        for size, start, stop in zip(sizes, starts[:-1], starts[1:], strict=True)
    ]
    shape = (0, channels, 3, variation_resolution, variation_resolution)
    variations = np.stack(maps[1:]) if len(maps) > 1 else np.zeros(shape)
    return torch.from_numpy(maps[0]).float().contiguous(), torch.from_numpy(variations).float()


def _weighted(head: HeadTensors) -> Iterator[tuple[Places, NDArray[np.float64]]]:
    """Give vertices, middles of edges and of triangles, and borders of a head with the weight of each.

    With vertices alone the nodes between those of a coarse head would be free to swing.
    """
    factor = (OWN_WEIGHT if head.own else 1.0) * POINTS / len(head.weight)
    corners = head.surface.triangles
    edges = np.unique(
        np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])), axis=0
    )
    parts = (np.arange(len(head.weight))[:, None], edges, corners)
    share = len(head.weight) / sum(map(len, parts))
    for rows in map(torch.from_numpy, parts):
        weight = head.weight[rows].mean(dim=1).cpu().double().numpy()
        yield _middles(head.places, rows), factor * share * weight
    for border in (head.lips, head.lids):
        yield border, np.full(len(border.uv), BORDER_WEIGHT * factor)


def _middles(places: Places, rows: Tensor) -> Places:
    """Return the means of (N, n) places each, on the chart and of their shapes."""
    return Places(
        places.uv[rows].mean(dim=1), places.point[rows].mean(dim=1), places.shapes[:, rows].mean(dim=2)
    )


def bilinear(uv: NDArray[np.floating[Any]], resolution: int) -> Matrix:
    """Return the (P, R * R) matrix that reads a grid as :func:`mmtalker.model.regression.read_grid` does."""
    place = np.clip(uv.astype(np.float64) * (resolution - 1), 0.0, resolution - 1)
    low = np.minimum(place.astype(np.int64), resolution - 2)
    part = place - low
    across, along = part.T
    node = low[:, 1] * resolution + low[:, 0]
    columns = np.concatenate([node, node + 1, node + resolution, node + resolution + 1])
    values = np.concatenate(
        [(1 - across) * (1 - along), across * (1 - along), (1 - across) * along, across * along]
    )
    rows = np.tile(np.arange(len(uv)), 4)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(uv), resolution**2))


def _bending(resolution: int) -> Matrix:
    """Return the quadratic form of a grid's squared second differences along both sides."""
    second = sparse.diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(resolution - 2, resolution))
    every = sparse.identity(resolution)
    rows, columns = sparse.kron(every, second), sparse.kron(second, every)
    return (rows.T @ rows + columns.T @ columns).tocsr()
