"""Attention between geometry and speech, and the temporal blocks after it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention


class CrossAttention(nn.Module):
    """Pre-norm multi-head attention from one stream to the other, with a feed-forward step."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_query = nn.LayerNorm(width)
        self.norm_source = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, query: Tensor, source: Tensor, log_weight: Tensor | None = None) -> Tensor:
        """(B, N, d) reads (B, M, d); ``log_weight`` (M,) says how many items each source stands for."""
        split = (self.heads, query.shape[-1] // self.heads)
        source = self.norm_source(source)
        q = self.query(self.norm_query(query)).unflatten(-1, split).transpose(1, 2)
        k = self.key(source).unflatten(-1, split).transpose(1, 2)
        v = self.value(source).unflatten(-1, split).transpose(1, 2)
        mask = None if log_weight is None else log_weight.to(q.dtype).expand(1, 1, 1, -1)
        read = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        query = query + self.drop(self.out(read.transpose(1, 2).flatten(2)))
        out: Tensor = query + self.drop(self.feed(query))
        return out


class TemporalBlock(nn.Module):
    """Residual dilated convolution over frames; sees ``2 * dilation`` frames to each side."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, kernel_size=5, padding=2 * dilation, dilation=dilation)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, d) -> (B, T, d)."""
        seen = self.conv(self.norm(x).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.drop(self.out(gelu(seen)))
        return out


class DualAttention(nn.Module):
    """Geometry reads speech, then speech reads the geometry that has heard it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.geometry_reads = CrossAttention(width, heads, dropout)
        self.speech_reads = CrossAttention(width, heads, dropout)

    def forward(self, local: Tensor, globally: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`Fusion`."""
        speech = torch.cat([local, globally[:, None]], dim=1)
        geometry = self.geometry_reads(geometry, speech)
        out: Tensor = self.speech_reads(local + globally[:, None], geometry, log_weight)
        return out


class SingleAttention(nn.Module):
    """Speech reads geometry that has heard nothing; for comparison."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.speech_reads = CrossAttention(width, heads, dropout)

    def forward(self, local: Tensor, globally: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`Fusion`."""
        out: Tensor = self.speech_reads(local + globally[:, None], geometry, log_weight)
        return out


class Concatenation(nn.Module):
    """Speech beside the mean of all sample tokens, without attention; for comparison."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.join = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, local: Tensor, globally: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Arguments and result as of :class:`Fusion`."""
        share = torch.softmax(log_weight, dim=0)
        whole = (share[:, None] * geometry).sum(dim=1, keepdim=True)
        speech = local + globally[:, None]
        out: Tensor = speech + self.join(torch.cat([speech, whole.expand_as(speech)], dim=-1))
        return out


FORMS = {"dual": DualAttention, "single": SingleAttention, "concatenated": Concatenation}


class Fusion(nn.Module):
    """Speech and geometry are brought together, and frames are refined into the motion feature m(t).

    Args:
        form: a key of ``FORMS``.
        width: d.
        heads: of each attention.
        temporal_layers: dilated blocks over frames.
        dropout: during training.
    """

    def __init__(self, form: str, width: int, heads: int, temporal_layers: int, dropout: float) -> None:
        super().__init__()
        self.join = FORMS[form](width, heads, dropout)
        self.temporal = nn.ModuleList(
            TemporalBlock(width, 2**level, dropout) for level in range(temporal_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, local: Tensor, globally: Tensor, geometry: Tensor, log_weight: Tensor) -> Tensor:
        """Fuse one window.

        Args:
            local: (B, T, d) speech per frame.
            globally: (B, d) speech of the whole window.
            geometry: (B, S, d) sample tokens.
            log_weight: (S,) of the samples, see :class:`mmtalker.model.sampling.Samples`.

        Returns:
            (B, T, d) motion feature.
        """
        frames = self.join(local, globally, geometry, log_weight)
        for block in self.temporal:
            frames = block(frames)
        out: Tensor = self.norm(frames)
        return out
