"""The whole network: geometry, speech, fusion and regression put together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmtalker.model.config import ModelConfig
from mmtalker.model.fusion import Fusion
from mmtalker.model.graph import GeometryNetwork
from mmtalker.model.identity import HeadIdentity
from mmtalker.model.regression import (
    ChartEncoding,
    FactorisedRegression,
    JointRegression,
    Trunk,
    interpolate_samples,
)
from mmtalker.model.sampling import TriangleSampler
from mmtalker.model.speech import SpeechFeatureNetwork
from mmtalker.model.style import PersonalStyle


@dataclass(frozen=True)
class SampledHead:
    """A head as the network reads it.

    Attributes:
        static: (S, 8) position in dm, normal, (u, v) of each sample, canonical space.
        neighbours: (S, k) nearest samples.
        log_weight: (S,) from the sampler.
        identity: (J,) what kind of head it is.
    """

    static: Tensor
    neighbours: Tensor
    log_weight: Tensor
    identity: Tensor

    @property
    def uv(self) -> Tensor:
        return self.static[:, 6:8]

    def still(self, batch: int = 1) -> Tensor:
        """Return the (B, S, 6) motion of a head that has not moved yet."""
        return self.static.new_zeros(batch, len(self.static), GeometryNetwork.MOTION)


class MMTalkerNetwork(nn.Module):
    """Method of arXiv 2604.02941 in our own form; see ``docs/design.md`` for what is the paper's.

    Args:
        config: sizes and choices.
        chart_area: (C,) area of each canonical chart triangle.
    """

    def __init__(self, config: ModelConfig, chart_area: Tensor) -> None:
        super().__init__()
        self.config = config
        self.sampler = TriangleSampler(chart_area, learned=config.sampling == "learned")
        self.identity = HeadIdentity(config.identity_modes, config.identity_places)
        self.geometry = GeometryNetwork(config.graph_width, config.graph_layers)
        self.speech = SpeechFeatureNetwork(
            len(config.speech_layers),
            config.speech_width,
            config.width,
            config.members,
            config.temporal_layers,
            config.dropout,
            config.noise,
        )
        # Every member has to tell the phones, in any language: a few people's films alone teach it how those
        # few sound.
        self.phones = nn.Linear(config.width, config.phone_features)
        self.style = PersonalStyle(
            len(config.people), len(config.styles), config.style_width, config.channels
        )
        self.fusion = Fusion(
            config.fusion,
            config.graph_width,
            config.width,
            config.attention_heads,
            config.members,
            config.style_width,
        )
        trunk = Trunk(
            ChartEncoding(config.grid_resolutions, config.grid_features),
            config.graph_width,
            config.trunk_width,
            config.trunk_layers,
        )
        self.regression: FactorisedRegression | JointRegression
        if config.regression == "joint":
            self.regression = JointRegression(trunk, config.trunk_width, config.members * config.width)
        else:
            self.regression = FactorisedRegression(
                trunk,
                config.trunk_width,
                config.width,
                config.channels,
                config.map_resolution,
                config.identity_modes,
                config.variation_resolution,
                config.members,
            )

    def point_features(self, head: SampledHead, uv: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the trunk needs of a head: local (P, F) features at ``uv`` and the whole (F,)."""
        encoded = self.geometry(head.static, head.still(), head.neighbours)[0]
        local = interpolate_samples(uv, head.uv, encoded, head.log_weight)
        share = torch.softmax(head.log_weight, dim=0)
        return local, (share[:, None] * encoded).sum(dim=0)

    def shapes(self, head: SampledHead, uv: Tensor, point: Tensor) -> Tensor:
        """Evaluate the shape keys of a head at any chart points.

        Args:
            head: the sampled head.
            uv: (P, 2) chart points.
            point: (P, 6) position in dm and normal there, canonical space.

        Returns:
            Φ (K, P, 3) in centimetres.
        """
        assert isinstance(self.regression, FactorisedRegression), "the joint form has no shapes"
        local, whole = self.point_features(head, uv)
        return self.regression.shapes(uv, point, local, whole, head.identity)

    def motion(
        self, head: SampledHead, features: Tensor, past: Tensor, style: Tensor | None = None
    ) -> Tensor:
        """Fuse one window of speech with a head.

        Args:
            head: the sampled head.
            features: (B, T, L, D) encoder layers at 50 Hz.
            past: (B, S, 6) displacement and velocity of the samples just before the window, cm.
            style: (B, style_width) or (1, style_width), see :class:`PersonalStyle`; None for the default.

        Returns:
            m (B, R, T, d).
        """
        local, whole = self.speech(features)
        return self.fuse(head, local, whole, past, style)

    def fuse(
        self, head: SampledHead, local: Tensor, whole: Tensor, past: Tensor, style: Tensor | None = None
    ) -> Tensor:
        """Fuse what members took from speech, (B, R, T, d) and (B, R, d); the rest as in :meth:`motion`."""
        encoded = self.geometry(head.static, past, head.neighbours)
        own = self.style.default() if style is None else style
        out: Tensor = self.fusion(local, whole, encoded, head.log_weight, own)
        return out

    def activations(self, head: SampledHead, features: Tensor, past: Tensor) -> Tensor:
        """Return a (B, T, K) for one window; arguments as in :meth:`motion`."""
        return self.each_activations(head, features, past).mean(dim=0)

    def each_activations(self, head: SampledHead, features: Tensor, past: Tensor) -> Tensor:
        """Return (R, B, T, K), what each member says, for training; arguments as in :meth:`motion`."""
        assert isinstance(self.regression, FactorisedRegression), "the joint form has no activations"
        return self.regression.each(self.motion(head, features, past))


_SHAPE_PARTS = (
    "sampler.", "identity.", "geometry.", "regression.trunk.", "regression.shape.", "regression.map",
    "regression.variations",
)  # fmt: skip


def makes_shape_keys(name: str) -> bool:
    """Whether a parameter or buffer of this name makes shape keys, and has nothing to do with speech."""
    return name.startswith(_SHAPE_PARTS)
