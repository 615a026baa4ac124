"""FaceFormer-style: an autoregressive transformer that attends to its own past motion and to its own moment.

After Fan, Lin, Saito, Wang and Komura: FaceFormer, Speech-Driven 3D Facial Animation with Transformers, CVPR
2022.

Kept: the last frame's motion is the next frame's input; periodic positional encoding; causal self-attention
with a bias that grows with whole periods of distance (after ALiBi); cross-attention that is masked to the
frame's own speech; one layer of four heads, normalised after each step; a last layer that starts at zero;
squared error. It is trained on its own output, which the paper prefers to teacher forcing.
Left out: speaker styles; one is learned.
Other: keys and values are kept from frame to frame, so that a frame costs the same at any place, and
attention ends where the windows it was trained on end. The first frame of a window is told the frame before
it, as our network is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lab.baselines.decoder import Decoder
from mmtalker.model.layers import zero_linear

WIDTH = 128
HEADS = 4
PERIOD = 50
"""Frames: one second, as the paper's 25 and 30 are."""

REACH = 90
"""Frames that attention looks back: a training window."""

DROPOUT = 0.1

Past = tuple[Tensor, Tensor]
"""Keys and values (B, H, M, d / H) of the frames before."""


def periodic_encoding(width: int, period: int) -> Tensor:
    """Return (period, width): sines and cosines of the frame's place in its period."""
    place = torch.arange(period)[:, None]
    frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    return torch.stack([(place * frequency).sin(), (place * frequency).cos()], dim=-1).flatten(1)


class BiasedSelfAttention(nn.Module):
    """Multi-head attention to the past whose scores fall by a slope for each period of distance.

    Slopes are 2^-2, 2^-4, ..., 2^-8 for four heads (Press, Smith, Lewis 2022).
    """

    slopes: Tensor

    def __init__(self, width: int, heads: int, period: int, reach: int) -> None:
        super().__init__()
        self.heads, self.period, self.reach = heads, period, reach
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        slopes = 2.0 ** (-8.0 / heads * torch.arange(1, heads + 1))
        self.register_buffer("slopes", slopes, persistent=False)

    def bias(self, queries: int, keys: int) -> Tensor:
        """Return (H, queries, keys), the queries being the last of the keys' frames."""
        frame = torch.arange(keys, device=self.slopes.device)
        distance = frame[keys - queries :, None] - frame
        seen = (distance >= 0) & (distance < self.reach)
        fall = -self.slopes[:, None, None] * (distance // self.period)
        return fall.masked_fill(~seen, -math.inf)

    def forward(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """(B, N, d) frames after ``past`` -> (B, N, d), and the past of the next frames."""
        batch, count, width = x.shape
        split = self.project(x).reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        read = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=self.bias(count, key.shape[2]).to(query)
        )
        kept = slice(max(0, key.shape[2] - self.reach + 1), None)
        return self.out(read.transpose(1, 2).flatten(2)), (key[:, :, kept], value[:, :, kept])


class FaceFormerStyle(Decoder):
    """See the module; arguments as in :class:`Decoder`."""

    encoding: Tensor

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__(layers, speech_width, points)
        self.speech = nn.Linear(self.channels, WIDTH)
        self.motion = nn.Linear(3 * points, WIDTH)
        self.register_buffer("encoding", periodic_encoding(WIDTH, PERIOD), persistent=False)
        self.attention = BiasedSelfAttention(WIDTH, HEADS, PERIOD, REACH)
        # Attention to a single frame has nothing to choose: what is left of it are two linear layers.
        self.own_moment = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH))
        self.feed = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.drop = nn.Dropout(DROPOUT)
        self.out = zero_linear(WIDTH, 3 * points)

    def decode(self, moved: Tensor, encoded: Tensor, first: int, past: Past | None) -> tuple[Tensor, Past]:
        """Give the frames that follow given ones.

        Args:
            moved: (B, N, 3 P) displacement of the frame before each, mm.
            heard: (B, N, d) what the speech of each says.
            first: number of the first frame.
            past: of the frames before, None at the start.

        Returns:
            (B, N, 3 P) displacement, mm, and the past of the next frames.
        """
        place = (first + torch.arange(moved.shape[1], device=moved.device)) % PERIOD
        x = self.drop(self.motion(moved) + self.encoding[place])
        read, past = self.attention(x, past)
        x = self.norms[0](x + self.drop(read))
        x = self.norms[1](x + self.drop(encoded))
        x = self.norms[2](x + self.drop(self.feed(x)))
        return self.out(x), past

    def encode(self, features: Tensor) -> Tensor:
        """(B, T, L, D) -> (B, T, d)."""
        encoded: Tensor = self.own_moment(self.speech(self.standardised(features)))
        return encoded

    def teacher_forced(self, features: Tensor, truth: Tensor, before: Tensor) -> Tensor:
        """Give all frames at once, each being told the true one before it.

        Args:
            features: (B, T, L, D).
            truth: (B, T, P, 3) mm.
            before: (B, P, 3) mm.

        Returns:
            (B, T, P, 3) mm.
        """
        moved = torch.cat([before[:, None], truth[:, :-1]], dim=1).flatten(2)
        return self.as_points(self.decode(moved, self.encode(features), 0, None)[0])

    def animate(self, features: Tensor, before: Tensor | None = None, person: Tensor | None = None) -> Tensor:
        """(B, T, L, D) -> (B, T, P, 3) mm, each frame being told what was made of the one before it."""
        encoded = self.encode(features)
        moved = encoded.new_zeros(len(encoded), 1, 3 * self.points)
        if before is not None:
            moved = before.flatten(1)[:, None]
        past: Past | None = None
        made = []
        for frame in range(encoded.shape[1]):
            moved, past = self.decode(moved, encoded[:, frame : frame + 1], frame, past)
            made.append(moved)
        return self.as_points(torch.cat(made, dim=1))

    def criterion(self, made: Tensor, truth: Tensor) -> Tensor:
        """Return squared error, a coordinate on the average."""
        return ((made - truth) ** 2).mean()
