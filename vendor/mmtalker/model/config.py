"""The network's configuration: small, frozen, and stored beside the weights that it describes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.settings import Number, Row, Rule, Whole, Word, check_settings
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.motion.styles import DEFAULT_STYLE

FORMAT_VERSION = 6
"""Raised when old weights can no longer be read."""

SILENCE = 0
"""Column of the articulatory features that says that nothing is said."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything needed to rebuild the network.

    Attributes:
        names: K channels; the first 52 are ARKit's, further ones are detail modes.
        speech_layers: encoder layers that are read (0 is the convolution stem).
        speech_width: width D of an encoder layer.
        members: R small networks that hear the speech, each by itself; their activations are averaged.
        width: d, channels of a member and of its motion feature.
        attention_heads: heads of each cross-attention.
        temporal_layers: dilated convolutions over frames, of each member.
        chart_triangles: triangles of the canonical chart, one sampling logit each.
        samples: geometry samples at inference; training and inference may use any number.
        sampling: ``learned`` density over the chart, or ``uniform`` for comparison.
        neighbours: k of the graph over samples, itself included.
        graph_width: channels of the residual graph network.
        graph_layers: its depth; 0 leaves each sample by itself.
        fusion: ``dual`` cross-attention; ``single`` (speech reads geometry that heard nothing) and
            ``concatenated`` (pooled geometry beside speech) and ``alone`` (no geometry) are for comparison.
        grid_resolutions: cells along one side of each learnable chart grid γ(u, v).
        grid_features: channels of each grid.
        map_resolution: nodes along one side of the displacement maps of all heads.
        variation_resolution: nodes along one side of what an identity adds to them.
        identity_modes: J, numbers that say what kind of head it is, with displacement maps for each.
        identity_places: chart places that they are found from.
        trunk_width, trunk_layers: the MLP Φ.
        dropout: share of the speech channels that a member misses in a window during training.
        noise: added to the standardised speech channels during training, standard deviations.
        phone_features: articulatory features that members tell; column ``SILENCE`` of them is silence.
        people: whom training saw, one learned style each; their mean is the default.
        styles: named styles that may be asked for, :data:`DEFAULT_STYLE` first.
        style_width: numbers that a style is made of.
        regression: ``factorised`` gives shape keys; ``joint`` is one network over point and
            motion feature together, for comparison.
    """

    names: tuple[str, ...] = ARKIT_NAMES
    speech_layers: tuple[int, ...] = (2, 4, 6)
    speech_width: int = 512
    members: int = 5
    width: int = 64
    attention_heads: int = 4
    temporal_layers: int = 5
    chart_triangles: int = 0
    samples: int = 256
    sampling: Literal["learned", "uniform"] = "learned"
    neighbours: int = 9
    graph_width: int = 64
    graph_layers: int = 3
    fusion: Literal["dual", "single", "concatenated", "alone"] = "dual"
    grid_resolutions: tuple[int, ...] = (16, 32, 64, 128)
    grid_features: int = 6
    map_resolution: int = 144
    variation_resolution: int = 96
    identity_modes: int = 1
    identity_places: int = 256
    trunk_width: int = 192
    trunk_layers: int = 3
    dropout: float = 0.5
    noise: float = 0.4
    phone_features: int = 26
    people: tuple[str, ...] = ()
    styles: tuple[str, ...] = (DEFAULT_STYLE,)
    style_width: int = 8
    regression: Literal["factorised", "joint"] = "factorised"

    @property
    def channels(self) -> int:
        return len(self.names)

    def to_json(self) -> dict[str, Any]:
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> ModelConfig:
        """Rebuild from :meth:`to_json`.

        Raises:
            MMTalkerError: WEIGHTS_MISSING when another version wrote it, or a field is missing, unknown or
                not what it may be.
        """
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != FORMAT_VERSION:
            raise MMTalkerError(
                ErrorCode.WEIGHTS_MISSING,
                f"The model's config.json is of format {str(version)[:40]} and this version reads format "
                f"{FORMAT_VERSION}. Reinstall MMTalker, so that program and weights belong together.",
            )
        try:
            given = check_settings(
                {name: value for name, value in values.items() if name != "format_version"},
                _RULES,
                "the model's configuration",
            )
            return ModelConfig(**given)._fitting()
        except ValueError as error:
            raise MMTalkerError(
                ErrorCode.WEIGHTS_MISSING,
                f"The model's config.json cannot be used: {error}. Reinstall MMTalker, so that program and "
                "weights belong together.",
            ) from error

    def _fitting(self) -> ModelConfig:
        """Return it if its fields go together; ValueError says which do not."""
        if self.styles[0] != DEFAULT_STYLE:
            raise ValueError(f"'styles' does not begin with {DEFAULT_STYLE}")
        if self.width % self.attention_heads:
            raise ValueError(
                f"'width' {self.width} is no multiple of 'attention_heads' {self.attention_heads}"
            )
        if self.neighbours > self.samples:
            raise ValueError(f"'neighbours' {self.neighbours} is more than 'samples' {self.samples}")
        return self

    @staticmethod
    def load(path: Path) -> ModelConfig:
        return ModelConfig.from_json(json.loads(path.read_text(encoding="utf-8")))


_RULES: dict[str, Rule] = {
    "names": Row(Word(), 1, 512, unique=True),
    "speech_layers": Row(Whole(0, 64), 1, 64, unique=True),
    "speech_width": Whole(1, 4096),
    "members": Whole(1, 64),
    "width": Whole(1, 2048),
    "attention_heads": Whole(1, 64),
    "temporal_layers": Whole(0, 16),
    "chart_triangles": Whole(0, 1_000_000),
    "samples": Whole(1, 65_536),
    "sampling": Word(("learned", "uniform")),
    "neighbours": Whole(1, 256),
    "graph_width": Whole(1, 2048),
    "graph_layers": Whole(0, 64),
    "fusion": Word(("dual", "single", "concatenated", "alone")),
    "grid_resolutions": Row(Whole(1, 2048), 0, 16),
    "grid_features": Whole(0, 256),
    "map_resolution": Whole(2, 2048),
    "variation_resolution": Whole(2, 2048),
    "identity_modes": Whole(0, 64),
    "identity_places": Whole(1, 65_536),
    "trunk_width": Whole(1, 4096),
    "trunk_layers": Whole(1, 64),
    "dropout": Number(0.0, 1.0),
    "noise": Number(0.0, 100.0),
    "phone_features": Whole(1, 1024),
    "people": Row(Word(), 0, 10_000, unique=True),
    "styles": Row(Word(), 1, 1000, unique=True),
    "style_width": Whole(1, 1024),
    "regression": Word(("factorised", "joint")),
}
"""What each field of a stored configuration may be; bounds are far beyond any sensible model."""
