"""A network that was made ready for one face and moves its evaluation points."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lab.evaluation.face import MM, Face
from lab.evaluation.takes import Take
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.smoothing import smooth_along_skin
from mmtalker.model.heads import POSITION_SCALE, Chart, sample_for_inference
from mmtalker.model.inference import (
    OVERLAP,
    SpeechFeatures,
    evaluate_shapes,
    extract_features,
    predict_activations,
    windows,
)
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import DISPLACEMENT_SCALE, JointRegression
from mmtalker.shape_keys import SMOOTHING_METRES

Float32 = NDArray[np.float32]

CM_TO_MM = DISPLACEMENT_SCALE * MM

VALUES_AT_ONCE = 20_000_000
"""The joint form keeps ``trunk_width`` values for every frame and point; so many fit into memory."""


@torch.inference_mode()
def sample_face(network: MMTalkerNetwork, face: Face) -> SampledHead:
    """Draw the samples that the face's head gets at inference."""
    canonical = load_canonical()
    corners = torch.from_numpy(canonical.uv[canonical.chart_triangles])
    return sample_for_inference(network, Chart(corners.to(network.sampler.area)), face.surface)


class Speaker:
    """A factorised network with the shape keys that it made for one face.

    Attributes:
        skin_shapes: (K, C, 3) mm at the head's chart vertices, smoothed as in the product.
        shapes: (K, P, 3) mm at the face's points.
    """

    @torch.inference_mode()
    def __init__(self, network: MMTalkerNetwork, face: Face) -> None:
        """Sample the head and make its shape keys."""
        self._network = network
        self._sampled = sample_face(network, face)
        at_samples = network.shapes(self._sampled, self._sampled.uv, self._sampled.static[:, :6])
        self._sample_shapes: Float32 = at_samples.cpu().numpy()
        surface = face.surface
        made = evaluate_shapes(network, self._sampled, surface.uv, surface.point)
        vertices = surface.point[:, :3] / POSITION_SCALE
        self.skin_shapes = CM_TO_MM * smooth_along_skin(vertices, surface.triangles, made, SMOOTHING_METRES)
        self.shapes = face.read(self.skin_shapes.transpose(1, 0, 2)).transpose(1, 0, 2)
        self._last: tuple[Take, Float32, Float32] | None = None

    def curves(self, take: Take) -> Float32:
        """Return the (T, K) activations; those of the last recording are kept for another variant."""
        return self._said(take)[0]

    def voice(self, take: Take) -> Float32:
        """Return (T,) how probable it is that somebody speaks."""
        return self._said(take)[1]

    def _said(self, take: Take) -> tuple[Float32, Float32]:
        if self._last is None or self._last[0] is not take:
            features: SpeechFeatures = extract_features(self._network, [take.features], len(take.features))
            made = predict_activations(self._network, self._sampled, self._sample_shapes, features)
            self._last = (take, made, features.voice)
        return self._last[1:]

    def move(self, curves: Float32) -> Float32:
        """Return the displacement (T, P, 3) in mm that (T, K) curves make; modes that they leave out rest."""
        moving = self.shapes[: curves.shape[1]]
        flat: Float32 = curves @ moving.reshape(len(moving), -1)
        return flat.reshape(len(curves), -1, 3)


class JointSpeaker:
    """The joint form ready for one face: displacement from point and motion together, no shape keys."""

    @torch.inference_mode()
    def __init__(self, network: MMTalkerNetwork, face: Face) -> None:
        """Sample the head and look at its points."""
        assert isinstance(network.regression, JointRegression)
        self._network, self._regression = network, network.regression
        self._sampled = sample_face(network, face)
        static = self._sampled.static
        self._point = torch.from_numpy(face.read(face.surface.point)).to(static)
        self._uv = torch.from_numpy(face.uv).to(static)

    @torch.inference_mode()
    def motion(self, take: Take) -> Float32:
        """Return the displacement (T, P, 3) in mm."""
        hidden = self._hidden(take.features)
        step = max(1, VALUES_AT_ONCE // (len(self._uv) * self._network.config.trunk_width))
        parts = [self._displacement(part, self._uv, self._point) for part in torch.split(hidden, step)]
        made: Float32 = CM_TO_MM * torch.cat(parts).cpu().numpy()
        return made

    def _hidden(self, features: NDArray[np.float16]) -> torch.Tensor:
        """(T, d) motion features, windows cut in the middle of what they share."""
        parts: list[torch.Tensor] = []
        done = 0
        for start, stop in windows(len(features)):
            past = self._sampled.still()
            if start > 1:
                sofar = torch.cat(parts)
                before, just_before = self._at_samples(sofar[start - 2 : start])
                past = torch.cat([just_before, just_before - before], dim=-1)[None]
            window = torch.from_numpy(features[start:stop].astype(np.float32)).to(past)[None]
            made = self._network.motion(self._sampled, window, past)[0]
            last = stop if stop == len(features) else stop - OVERLAP // 2
            parts.append(made[done - start : last - start])
            done = last
        return torch.cat(parts)

    def _at_samples(self, hidden: torch.Tensor) -> torch.Tensor:
        static = self._sampled.static
        return self._displacement(hidden, self._sampled.uv, static[:, :6])

    def _displacement(self, hidden: torch.Tensor, uv: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
        """(T, d) at P points -> (T, P, 3) cm."""
        local, whole = self._network.point_features(self._sampled, uv)
        return self._regression(hidden[None], uv, point, local, whole)[0]  # type: ignore[no-any-return]
