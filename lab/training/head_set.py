"""Training heads as tensors: where a step samples them, and what it compares with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from lab.remeshing.resample import head_variants
from lab.training.config import TrainConfig
from mmtalker.mesh.canonical import CanonicalHead, load_canonical
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.heads import HeadSurface
from mmtalker.model.regression import DISPLACEMENT_SCALE

REGION_WEIGHT = {"lips": 5.0, "eye_region": 3.0}
"""How much a point of these regions counts, beside 1 for the rest of the face."""

STILL_WEIGHT = 0.3
"""Weight of a point that no shape moves: the back of the head."""

STILL_CM = 0.02

SOCKET_WEIGHT = {"ict": 0.02}
"""Weight of a point inside the mouth or an eye socket, by model, else 1.

The pockets of the two models have little to do with each other. What is learned there is the canonical
head's, which keeps them behind the skin.
"""


@dataclass(frozen=True)
class Places:
    """Points of a head's chart with their true shape keys.

    Attributes:
        uv: (P, 2); point: (P, 6) position in dm and normal.
        shapes: (K, P, 3) cm.
    """

    uv: Tensor
    point: Tensor
    shapes: Tensor

    def __getitem__(self, rows: Tensor) -> Places:
        return Places(self.uv[rows], self.point[rows], self.shapes[:, rows])

    def to(self, device: torch.device) -> Places:
        return Places(self.uv.to(device), self.point.to(device), self.shapes.to(device))

    @staticmethod
    def joined(parts: Sequence[Places]) -> Places:
        """Return the points of all parts, one after another."""
        return Places(
            torch.cat([part.uv for part in parts]),
            torch.cat([part.point for part in parts]),
            torch.cat([part.shapes for part in parts], dim=1),
        )


@dataclass(frozen=True)
class HeadTensors:
    """One head, ready for training.

    Attributes:
        name: for logs.
        own: whether it is a model's own head and not a random person.
        surface: its chart vertices, for sampling.
        places: all of them.
        weight: (P,) how much each counts in a loss, and how often a step looks at it.
        lips: 2 G points of the inner lips, the upper ones first, each facing its lower one.
        lip_rest: (G,) gap at rest, cm.
        lids: 2 Q points of the lid margins, likewise.
    """

    name: str
    own: bool
    surface: HeadSurface
    places: Places
    weight: Tensor
    lips: Places
    lip_rest: Tensor
    lids: Places

    def at(self, uv: NDArray[np.float32]) -> Places:
        """Read points and true shape keys at any chart places (N, 2)."""
        shapes = self.places.shapes
        flat = shapes.permute(1, 0, 2).flatten(1).cpu().numpy()
        read = torch.from_numpy(self.surface.at(uv, flat)).reshape(len(uv), len(shapes), 3)
        point = torch.from_numpy(self.surface.at(uv, self.surface.point))
        return Places(torch.from_numpy(uv), point, read.permute(1, 0, 2))

    def middle_gap(self) -> NDArray[np.float32]:
        """(K,) what each shape adds to the gap between the middles of the lips, cm."""
        upper, lower = self.lips.shapes[..., 1].chunk(2, dim=1)
        gap: NDArray[np.float32] = (upper - lower)[:, len(self.lip_rest) // 2].numpy()
        return gap


def head_tensors(head: TrainingHead, canonical: CanonicalHead, own: bool = False) -> HeadTensors:
    """Keep a head's chart vertices and weigh them by region."""
    kept = np.isin(head.role, CHART_ROLES)
    renumber = np.cumsum(kept) - 1
    triangles = renumber[head.triangles[kept[head.triangles].all(axis=1)]].astype(np.int32)
    uv = np.ascontiguousarray(head.uv[kept], dtype=np.float32)
    surface = HeadSurface.build(head.vertices[kept], triangles, uv, np.ones(len(uv), dtype=bool))
    shapes = torch.from_numpy(head.shapes[:, kept] / DISPLACEMENT_SCALE).float()
    places = Places(torch.from_numpy(uv), torch.from_numpy(surface.point), shapes)

    nearest = CanonicalSurface(canonical.uv, canonical.chart_triangles).nearest_vertex(uv)
    moves = shapes.norm(dim=-1).amax(dim=0) > STILL_CM
    weight = torch.where(moves, 1.0, STILL_WEIGHT)
    in_socket = torch.from_numpy(np.isin(head.role[kept], (Role.MOUTH_SOCKET, Role.EYE_SOCKET)))
    weight = torch.where(in_socket, SOCKET_WEIGHT.get(head.name, 1.0), weight)
    for region, factor in REGION_WEIGHT.items():
        inside = torch.from_numpy(canonical.regions[region][nearest])
        weight = torch.where(inside, torch.tensor(factor), weight)

    nothing = torch.zeros(0)
    bare = HeadTensors(head.name, own, surface, places, weight, places, nothing, places)
    lips = bare.at(canonical.uv[canonical.lip_pairs.T.ravel()])
    lids = bare.at(canonical.uv[canonical.lid_pairs.T.ravel()])
    return replace(bare, lips=lips, lip_rest=_rest_gap(lips), lids=lids)


def _rest_gap(pairs: Places) -> Tensor:
    """(G,) cm between facing points of 2 G places."""
    upper, lower = pairs.point[:, 1].chunk(2)
    return (upper - lower).clamp_min(0.0) * 10.0


def load_heads(folder: Path, config: TrainConfig) -> list[HeadTensors]:
    """Return the models' own heads first, then random identities of each, some of another topology.

    Args:
        folder: of the corpus; without ``heads/ict_facekit`` in it there is one model only.
        config: how many.
    """
    canonical = load_canonical()
    rng = np.random.default_rng(config.seed)
    two = (folder / "heads" / "ict_facekit").exists()
    own = [anny_head()] + ([ict_head(folder)] if two else [])
    people = [anny_head(rng) for _ in range(config.anny_heads)]
    people += [ict_head(folder, rng) for _ in range(config.ict_heads if two else 0)]
    people = [head_variants(head, rng) if rng.random() < config.remeshed else head for head in people]
    return [head_tensors(head, canonical, own=True) for head in own] + [
        head_tensors(head, canonical) for head in people
    ]
