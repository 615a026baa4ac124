"""Attention between geometry and speech, which ends in the motion feature."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmtalker.model.layers import zero_linear


class CrossAttention(nn.Module):
    """Pre-norm multi-head attention from one stream to the other, with a feed-forward step."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_query = nn.LayerNorm(width)
        self.norm_source = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = zero_linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), zero_linear(2 * width, width)
        )

    def forward(self, query: Tensor, source: Tensor, log_weight: Tensor | None = None) -> Tensor:
        """(B, N, d) reads (B, M, d); ``log_weight`` (M,) says how many items each source stands for."""
        split = (self.heads, query.shape[-1] // self.heads)
        source = self.norm_source(source)
        q = self.query(self.norm_query(query)).unflatten(-1, split).transpose(1, 2)
        k = self.key(source).unflatten(-1, split).transpose(1, 2)
        v = self.value(source).unflatten(-1, split).transpose(1, 2)
        # Written out: on a processor the fused form takes ten times as long backwards in half precision.
        match = (q * split[1] ** -0.5) @ k.transpose(-1, -2)
        if log_weight is not None:
            match = match + log_weight
        read = torch.softmax(match, dim=-1).to(v.dtype) @ v
        query = query + self.out(read.transpose(1, 2).flatten(2))
        out: Tensor = query + self.feed(query)
        return out


class DualAttention(nn.Module):
    """Geometry reads speech, then speech reads the geometry that has heard it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.geometry_reads = CrossAttention(width, heads)
        self.speech_reads = CrossAttention(width, heads)

    def forward(self, local: Tensor, whole: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """(B, T, d), (B, d), (B, S, d), (S,) -> (B, T, d)."""
        speech = torch.cat([local, whole[:, None]], dim=1)
        geometry = self.geometry_reads(geometry, speech)
        out: Tensor = self.speech_reads(local + whole[:, None], geometry, log_weight)
        return out


class SingleAttention(nn.Module):
    """Speech reads geometry that has heard nothing; for comparison."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.speech_reads = CrossAttention(width, heads)

    def forward(self, local: Tensor, whole: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`DualAttention`."""
        out: Tensor = self.speech_reads(local + whole[:, None], geometry, log_weight)
        return out


class Concatenation(nn.Module):
    """Speech beside the mean of all sample tokens, without attention; for comparison."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.join = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), zero_linear(2 * width, width))

    def forward(self, local: Tensor, whole: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`DualAttention`."""
        share = torch.softmax(log_weight, dim=0)
        pooled = (share[:, None] * geometry).sum(dim=1, keepdim=True)
        speech = local + whole[:, None]
        out: Tensor = speech + self.join(torch.cat([speech, pooled.expand_as(speech)], dim=-1))
        return out


class SpeechAlone(nn.Module):
    """Speech that sees no geometry and no whole; for comparison."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()

    def forward(self, local: Tensor, whole: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`DualAttention`."""
        return local


FORMS = {
    "dual": DualAttention,
    "single": SingleAttention,
    "concatenated": Concatenation,
    "alone": SpeechAlone,
}


class MemberFusion(nn.Module):
    """What one member heard is brought together with the head's geometry.

    Args:
        form: a key of ``FORMS``.
        geometry_width: channels of the encoded samples.
        width: d.
        heads: of each attention.
        style_width: numbers of a person's style.
    """

    def __init__(self, form: str, geometry_width: int, width: int, heads: int, style_width: int) -> None:
        super().__init__()
        self.tokens = nn.Linear(geometry_width, width)
        self.style = nn.Linear(style_width, width, bias=False)
        self.join = FORMS[form](width, heads)

    def forward(
        self, local: Tensor, whole: Tensor, encoded: Tensor, log_weight: Tensor, style: Tensor
    ) -> Tensor:
        """Return the member's part (B, T, d) of the motion feature; arguments as of :class:`Fusion`."""
        geometry = self.tokens(encoded).expand(len(local), -1, -1)
        spoken = local + self.style(style)[:, None]
        out: Tensor = self.join(spoken, whole, geometry, log_weight)
        return out


class Fusion(nn.Module):
    """Speech and geometry are brought together to the motion feature m(t), by each member for itself.

    Args:
        form: a key of ``FORMS``.
        geometry_width: channels of the encoded samples.
        width: d.
        heads: of each attention.
        members: R.
        style_width: numbers of a person's style.
    """

    def __init__(
        self, form: str, geometry_width: int, width: int, heads: int, members: int, style_width: int
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            MemberFusion(form, geometry_width, width, heads, style_width) for _ in range(members)
        )

    def forward(
        self, local: Tensor, whole: Tensor, encoded: Tensor, log_weight: Tensor, style: Tensor
    ) -> Tensor:
        """Fuse one window.

        Args:
            local: (B, R, T, d) speech per frame, of each member.
            whole: (B, R, d) speech of the whole window.
            encoded: (B, S, geometry_width) samples; one for all windows where B is 1.
            log_weight: (S,) of the samples, see :class:`mmtalker.model.sampling.Samples`.
            style: (B, style_width), or (1, style_width) for all windows.

        Returns:
            (B, R, T, d) motion feature.
        """
        made = [
            member(local[:, i], whole[:, i], encoded, log_weight, style)
            for i, member in enumerate(self.members)
        ]
        return torch.stack(made, dim=1)
