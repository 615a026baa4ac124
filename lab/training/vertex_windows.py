"""Windows of speech with moving vertices, compared at the set's own frames and at points of its surface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.training.config import TrainConfig
from mmtalker.errors import ErrorCode, MMTalkerError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VertexUtterance:
    """One recording, or a changed copy of it, with its motion.

    Attributes:
        subject: whose template it belongs to.
        features: (T, L, D) float16 encoder layers at 50 Hz.
        displacement: (N, V, 3) cm at the set's frames, on disk.
        stride: feature frames between two frames of the set.
    """

    subject: str
    features: NDArray[np.float16]
    displacement: Float32
    stride: float

    def last_start(self, window: int, count: int) -> int:
        """Return the last frame at which a window of features with ``count`` frames can start; or below 0."""
        room = (len(self.features) - window) / self.stride
        return min(len(self.displacement) - count, int(np.floor(room)))

    def between(self, place: Float64, vertices: Int64) -> Float32:
        """Return (len(place), len(vertices), 3) between frames, linearly; before the first one, that one."""
        place = np.clip(place, 0.0, len(self.displacement) - 1.0)
        low = np.minimum(place.astype(np.int64), max(len(self.displacement) - 2, 0))
        high = np.minimum(low + 1, len(self.displacement) - 1)
        share = (place - low).astype(np.float32)[:, None, None]
        first, second = (np.stack([self.displacement[row, vertices] for row in rows]) for rows in (low, high))
        read: Float32 = first * (1 - share) + second * share
        return read


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points of a topology's surface.

    Attributes:
        corners: (P, 3) vertices of the triangle that each point lies in.
        weights: (P, 3) barycentric.
    """

    corners: Int64
    weights: Float32

    @cached_property
    def _used(self) -> tuple[Int64, Int64]:
        vertices, index = np.unique(self.corners, return_inverse=True)
        return vertices.astype(np.int64), index.reshape(self.corners.shape).astype(np.int64)

    @property
    def vertices(self) -> Int64:
        """Vertices that the points need, each once."""
        return self._used[0]

    def blend(self, field: Float32) -> Float32:
        """Return (..., P, C) of a field (..., len(vertices), C) at ``vertices``."""
        blended: Float32 = np.einsum("...pkc,pk->...pc", field[..., self._used[1], :], self.weights)
        return blended


@dataclass(frozen=True, eq=False)
class VertexWindows:
    """B windows of T feature frames of one subject; each holds N frames of the set.

    Attributes:
        subject: whose.
        utterances: (B) where the windows come from.
        starts: (B,) the set's frame at which each begins.
        from_rest: (B,) windows that shall not see the frames before them.
        count: N.
        window: T.
    """

    subject: str
    utterances: tuple[VertexUtterance, ...]
    starts: Int64
    from_rest: NDArray[np.bool_]
    count: int
    window: int

    def part(self, rank: int, processes: int) -> VertexWindows:
        """Return the windows of one of several processes."""
        own = slice(rank, None, processes)
        return replace(
            self, utterances=self.utterances[own], starts=self.starts[own], from_rest=self.from_rest[own]
        )

    def _first(self, row: int) -> int:
        return int(np.floor(self.starts[row] * self.utterances[row].stride))

    def features(self) -> Tensor:
        """(B, T, L, D) encoder layers."""
        parts = []
        for row, utterance in enumerate(self.utterances):
            first = self._first(row)
            parts.append(utterance.features[first : first + self.window].astype(np.float32))
        return torch.from_numpy(np.stack(parts))

    def places(self) -> Tensor:
        """(B, N) where the set's frames lie among the window's feature frames."""
        rows = []
        for row, utterance in enumerate(self.utterances):
            frames = self.starts[row] + np.arange(self.count)
            rows.append(frames * utterance.stride - self._first(row))
        return torch.from_numpy(np.stack(rows).astype(np.float32))

    def displacement(self, points: SurfacePoints) -> Tensor:
        """(B, N, P, 3) true displacement, cm."""
        parts = [
            points.blend(utterance.displacement[start : start + self.count, points.vertices])
            for utterance, start in zip(self.utterances, self.starts.tolist(), strict=True)
        ]
        return torch.from_numpy(np.stack(parts))

    def past(self, points: SurfacePoints) -> Tensor:
        """(B, P, 6) displacement and velocity (cm a feature frame) just before the window."""
        parts = []
        for row, utterance in enumerate(self.utterances):
            place = (self._first(row) + np.array([-2.0, -1.0])) / utterance.stride
            before, just_before = points.blend(utterance.between(place, points.vertices))
            parts.append(np.concatenate([just_before, just_before - before], axis=-1))
        return torch.from_numpy(np.stack(parts))


class VertexBatches:
    """Draws windows: a subject first, so that one head serves a whole batch.

    Args:
        utterances: to draw from.
        config: window and batch.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when no recording is as long as a window.
    """

    def __init__(self, utterances: list[VertexUtterance], config: TrainConfig) -> None:
        self._config = config
        strides = [utterance.stride for utterance in utterances]
        self._count = int((config.window - 2) / max(strides, default=1.0)) + 1
        self._of_subject: dict[str, list[VertexUtterance]] = {}
        for utterance in utterances:
            if utterance.last_start(config.window, self._count) >= 0:
                self._of_subject.setdefault(utterance.subject, []).append(utterance)
        if not self._of_subject:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"No training sequence of the corpus is as long as a window of {config.window} frames at "
                "50 Hz. Import the set whole, or set a shorter window in the training configuration.",
            )

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(self._of_subject)

    def draw(self, rng: np.random.Generator) -> VertexWindows:
        """Draw one batch; the same generator state gives the same one."""
        subject = self.subjects[int(rng.integers(len(self._of_subject)))]
        found = self._of_subject[subject]
        window, batch = self._config.window, self._config.batch
        chosen = tuple(found[int(row)] for row in rng.integers(len(found), size=batch))
        starts = [int(rng.integers(u.last_start(window, self._count) + 1)) for u in chosen]
        from_rest = rng.random(batch) < self._config.no_past
        return VertexWindows(subject, chosen, np.array(starts), from_rest, self._count, window)


def at_places(values: Tensor, places: Tensor) -> Tensor:
    """Read (B, T, ...) values between their frames, linearly, at (B, N) places; returns (B, N, ...)."""
    low = places.floor().clamp(0, values.shape[1] - 2).long()
    rows = torch.arange(len(values), device=values.device)[:, None]
    share = (places - low).reshape(*places.shape, *[1] * (values.dim() - 2))
    return torch.lerp(values[rows, low], values[rows, low + 1], share.to(values))
