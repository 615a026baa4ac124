"""What predicts moving vertices: our network on a set's topology, files of other systems, a still face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lab.corpus.clips import Clip
from lab.evaluation.takes import Encode
from lab.training.vertex_heads import corpus_chart, subject_surface
from lab.training.vertex_windows import at_places
from lab.vertex_sets.dataset import read_flat_vertices
from lab.vertex_sets.store import VertexCorpus, subject_of
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.model.heads import HeadSurface, sample_for_inference
from mmtalker.model.inference import evaluate_shapes, fuse
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import JointRegression
from mmtalker.speech.audio import load_audio
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]

VertexSystem = Callable[[Clip], list[Float32]]
"""A clip -> its predictions: each displacement (T, V, 3) in cm at the set's frames."""

VALUES_AT_ONCE = 20_000_000
"""The joint form keeps ``trunk_width`` values for every frame and point; so many fit into memory."""


def still_system(corpus: VertexCorpus) -> VertexSystem:
    """Predict that the face rests: what a figure is worth that has nothing to do with speech."""
    return lambda clip: [np.zeros(corpus.displacement(clip).shape, dtype=np.float32)]


@dataclass(frozen=True, eq=False)
class _Person:
    """What the network makes of a subject's template once.

    Attributes:
        surface: the resting face.
        sampled: its samples.
        at_samples: (K, S, 3) cm, shapes at them; the joint form has none.
        shapes: (K, V, 3) cm, likewise at all vertices.
    """

    surface: HeadSurface
    sampled: SampledHead
    at_samples: Float32 | None
    shapes: Float32 | None


class NetworkSystem:
    """A network that was trained on this corpus.

    Args:
        network: in evaluation mode.
        corpus: whose templates and recordings it gets.
        encode: speech to features.
    """

    def __init__(self, network: MMTalkerNetwork, corpus: VertexCorpus, encode: Encode) -> None:
        if len(network.sampler.area) != len(corpus.chart_triangles):
            raise MMTalkerError(
                ErrorCode.WEIGHTS_MISSING,
                f"The weights belong to a chart of {len(network.sampler.area)} triangles and the corpus "
                f"{corpus.name} has {len(corpus.chart_triangles)}. Give weights that were trained on it.",
            )
        self._network, self._corpus, self._encode = network, corpus, encode
        self._chart = corpus_chart(corpus, network.sampler.area.device)
        self._people: dict[str, _Person] = {}

    @torch.inference_mode()
    def __call__(self, clip: Clip) -> list[Float32]:
        """Return one prediction (T, V, 3), cm."""
        corpus = self._corpus
        subject = subject_of(clip)
        if subject not in self._people:
            self._people[subject] = self._person(subject)
        features = self._encode(load_audio(corpus.corpus.audio(clip)))
        frames = torch.arange(len(corpus.displacement(clip)))[None]
        places = frames * (FEATURE_RATE / corpus.fps)
        if isinstance(self._network.regression, JointRegression):
            return [self._jointly(self._people[subject], features, places)]
        return [self._by_shapes(self._people[subject], features, places)]

    def _person(self, subject: str) -> _Person:
        network, surface = self._network, subject_surface(self._corpus, subject)
        sampled = sample_for_inference(network, self._chart, surface)
        if isinstance(network.regression, JointRegression):
            return _Person(surface, sampled, None, None)
        at_samples = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()
        return _Person(
            surface, sampled, at_samples, evaluate_shapes(network, sampled, surface.uv, surface.point)
        )

    def _by_shapes(self, person: _Person, features: NDArray[np.float16], places: torch.Tensor) -> Float32:
        assert person.shapes is not None and person.at_samples is not None
        curves = torch.from_numpy(fuse(self._network, person.sampled, person.at_samples, features))
        read = at_places(curves[None], places)[0].numpy()
        made: Float32 = (read @ person.shapes.reshape(len(person.shapes), -1)).reshape(len(read), -1, 3)
        return made

    def _jointly(self, person: _Person, features: NDArray[np.float16], places: torch.Tensor) -> Float32:
        """The sets' sentences last a few seconds: one window holds each."""
        network, sampled = self._network, person.sampled
        window = torch.from_numpy(features.astype(np.float32))[None].to(sampled.static)
        motion = network.motion(sampled, window, sampled.still())
        uv, point = (torch.from_numpy(part).to(motion) for part in (person.surface.uv, person.surface.point))
        local, whole = network.point_features(sampled, uv)
        step = max(1, VALUES_AT_ONCE // (motion.shape[1] * network.config.trunk_width))
        parts = []
        for first in range(0, len(uv), step):
            part = slice(first, first + step)
            moved = network.regression(motion, uv[part], point[part], local[part], whole)
            parts.append(at_places(moved, places.to(moved))[0].cpu().numpy())
        return np.concatenate(parts, axis=1)


def condition_name(corpus: VertexCorpus, subject: str) -> str:
    """Return the training subject that a file's name calls the condition.

    The subject itself if it was trained on, else the first one: our network has no style vector, and any
    condition gives the same.
    """
    return subject if subject in corpus.train_subjects else corpus.train_subjects[0]


def write_prediction(corpus: VertexCorpus, clip: Clip, displacement: Float32, folder: Path) -> Path:
    """Write absolute coordinates (T, 3 V) in the set's unit, named as baselines name theirs."""
    subject = subject_of(clip)
    path = folder / f"{clip.name}_condition_{condition_name(corpus, subject)}.npy"
    absolute = corpus.in_set_units(subject, displacement)
    with replacing(path) as partial, partial.open("wb") as file:
        np.save(file, absolute.reshape(len(absolute), -1), allow_pickle=False)
    return path


def files_system(corpus: VertexCorpus, folder: Path) -> VertexSystem:
    """Read the predictions ``SUBJECT_SENTENCE_condition_TRAINSUBJECT.npy`` of another system.

    For a subject of the training set its own condition alone is read, for others every one that is there.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when a clip has no prediction, or one is of another topology.
    """

    def read(clip: Clip) -> list[Float32]:
        subject = subject_of(clip)
        own = folder / f"{clip.name}_condition_{subject}.npy"
        paths = [own] if own.is_file() else sorted(folder.glob(f"{clip.name}_condition_*.npy"))
        if not paths:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"{folder} holds no prediction {clip.name}_condition_*.npy. Predict every sentence of the "
                "test set, or name other sets.",
            )
        return [
            corpus.from_set_units(subject, read_flat_vertices(path, corpus.vertex_count)) for path in paths
        ]

    return read
