"""SelfTalk-style: a transformer sees the whole recording at once, a linear layer gives the vertices.

After Peng, Luo, Shi, Xu, Zhu, Liu, He, Fan: SelfTalk, A Self-Supervised Commutative Training Diagram to
Comprehend 3D Talking Faces, ACM Multimedia 2023.

Kept: one decoder layer of width 512 with four heads, in which speech attends to speech, no causal mask and
no positional encoding beside what the speech encoder leaves in its states; a last layer that starts at zero;
squared error of position and of velocity with equal weights.
Left out: the branch that reads text off the lips and compares it with recognised speech. It needs a second
speech model, and its losses weigh a millionth and a ten-millionth of the others.
"""

from __future__ import annotations

from torch import Tensor, nn

from lab.baselines.decoder import Decoder
from mmtalker.model.layers import zero_linear

WIDTH = 512
HEADS = 4


class SelfTalkStyle(Decoder):
    """See the module; arguments as in :class:`Decoder`."""

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__(layers, speech_width, points)
        self.speech = nn.Linear(self.channels, WIDTH)
        self.transformer = nn.TransformerDecoderLayer(WIDTH, HEADS, 2 * WIDTH, batch_first=True)
        self.out = zero_linear(WIDTH, 3 * points)

    def animate(self, features: Tensor, before: Tensor | None = None, person: Tensor | None = None) -> Tensor:
        """(B, T, L, D) -> (B, T, P, 3) mm."""
        speech = self.speech(self.standardised(features))
        return self.as_points(self.out(self.transformer(speech, speech)))

    def criterion(self, made: Tensor, truth: Tensor) -> Tensor:
        """Return squared error of position and of velocity, a coordinate on the average."""
        velocity = ((made.diff(dim=1) - truth.diff(dim=1)) ** 2).mean()
        return ((made - truth) ** 2).mean() + velocity
