"""Heads and speech made ready for the network, and how they are kept for any number of uses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.contact.solve import ContactHead
from mmtalker.mesh.mesh import Float32, Mesh
from mmtalker.model.inference import SpeechFeatures
from mmtalker.model.network import SampledHead


@dataclass(frozen=True)
class PreparedHead:
    """A head that is mapped, sampled and has its shape keys; good for any number of clips.

    Attributes:
        mesh: as given.
        topology, confidence: from the mapping.
        role: (V,) part of each vertex.
        names: K of its shapes: the network's, then the detail modes of a head whose lips are two.
        shapes: (K, V, 3) displacements in head space.
        lips: (1 + K, S, 2, A, 3) slices of its lips at rest and what each shape adds, see
            :func:`mmtalker.contact.lips.read_lips`; (0, ...) where nothing can meet.
        static: (S, 8), neighbours: (S, k): the samples, see :class:`SampledHead`.
        identity: (J,) what kind of head it is, see :class:`SampledHead`.
        sample_shapes: (N, S, 3) the network's shape keys at the samples, cm in canonical space.
        warnings: sentences for the user.
    """

    mesh: Mesh
    topology: str
    confidence: float
    role: NDArray[np.uint8]
    names: tuple[str, ...]
    shapes: Float32
    lips: Float32
    static: Float32
    neighbours: NDArray[np.int64]
    identity: Float32
    sample_shapes: Float32
    warnings: tuple[str, ...] = ()

    @cached_property
    def contact(self) -> ContactHead | None:
        """What its lips are brought together by; None where nothing can meet."""
        return ContactHead.of(self.lips, len(self.sample_shapes)) if len(self.lips) else None

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the mesh, as arrays for a cache."""
        about = {
            "topology": self.topology,
            "confidence": self.confidence,
            "names": list(self.names),
            "warnings": list(self.warnings),
        }
        return {
            "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            "role": self.role,
            "shapes": self.shapes,
            "lips": self.lips,
            "static": self.static,
            "neighbours": self.neighbours,
            "identity": self.identity,
            "sample_shapes": self.sample_shapes,
        }

    @staticmethod
    def from_arrays(mesh: Mesh, arrays: dict[str, NDArray[Any]]) -> PreparedHead:
        """Rebuild from :meth:`to_arrays` and the same mesh."""
        about = json.loads(arrays["about"].tobytes().decode())
        if arrays["shapes"].shape[1] != mesh.vertex_count:
            raise ValueError("the stored shapes belong to another mesh")
        return PreparedHead(
            mesh,
            str(about["topology"]),
            float(about["confidence"]),
            arrays["role"],
            tuple(about["names"]),
            arrays["shapes"],
            arrays["lips"],
            arrays["static"],
            arrays["neighbours"],
            arrays["identity"],
            arrays["sample_shapes"],
            tuple(about["warnings"]),
        )

    def sampled(self, device: torch.device) -> SampledHead:
        static = torch.from_numpy(self.static).to(device)
        neighbours = torch.from_numpy(self.neighbours).to(device)
        identity = torch.from_numpy(self.identity).to(device)
        return SampledHead(static, neighbours, static.new_zeros(len(static)), identity)


@dataclass(frozen=True)
class PreparedSpeech:
    """Speech that is encoded; good for any number of heads.

    Attributes:
        features: what the network has extracted from it.
        energy: (T,) loudness, dB of full scale.
        seconds: length of the clip.
    """

    features: SpeechFeatures
    energy: Float32
    seconds: float

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "frames": np.array([self.features.frames]),
            "local": self.features.local,
            "whole": self.features.whole,
            "voice": self.features.voice,
            "energy": self.energy,
            "seconds": np.array([self.seconds], dtype=np.float64),
        }

    @staticmethod
    def from_arrays(arrays: dict[str, NDArray[Any]]) -> PreparedSpeech:
        """Rebuild from :meth:`to_arrays`."""
        features = SpeechFeatures(int(arrays["frames"][0]), arrays["local"], arrays["whole"], arrays["voice"])
        return PreparedSpeech(features, arrays["energy"], float(arrays["seconds"][0]))
