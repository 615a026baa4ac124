"""The encoder of Whisper in plain torch, giving the hidden states of chosen layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.weights import EncoderConfig, check_encoder_file

DEFAULT_LAYERS = (2, 4, 6)


class EncoderBlock(nn.Module):
    """Pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) to the same shape; every frame sees every other."""
        batch, frames, width = x.shape
        stacked = self.query_key_value(self.attention_norm(x))
        split = stacked.view(batch, frames, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(batch, frames, width))
        hidden: Tensor = F.gelu(self.mlp_in(self.mlp_norm(x)))
        out: Tensor = x + self.mlp_out(hidden)
        return out


class WhisperEncoder(nn.Module):
    """Whisper's audio encoder (Radford et al. 2022, arXiv 2212.04356, section 2.2).

    ``layers`` are the hidden states to give: 0 is the convolutional stem with positions, i is the output
    of block i, and the last one has passed the final layer norm too, as Whisper's decoder sees it. Blocks
    beyond the last chosen layer are never run. Shorter input simply uses fewer positions, so
    a short clip does not pay for 30 s.
    """

    def __init__(self, config: EncoderConfig, layers: Sequence[int] = DEFAULT_LAYERS) -> None:
        super().__init__()
        if not layers or min(layers) < 0 or max(layers) > config.depth:
            raise ValueError(f"layers must be between 0 and {config.depth}, not {tuple(layers)}")
        self.config = config
        self.layers = tuple(layers)
        self.conv1 = nn.Conv1d(config.mel_bands, config.width, 3, padding=1)
        self.conv2 = nn.Conv1d(config.width, config.width, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.zeros(config.positions, config.width))
        self.blocks = nn.ModuleList(EncoderBlock(config.width, config.heads) for _ in range(config.depth))
        self.final_norm = nn.LayerNorm(config.width)

    def forward(self, mel: Tensor, first_position: int = 0) -> Tensor:
        """Encode a log-mel spectrogram.

        Args:
            mel: (B, mel_bands, 2 T) with ``first_position + T`` at most ``config.positions``.
            first_position: which position encoding frame 0 gets.

        Returns:
            (B, T, L, width): the hidden states of ``layers`` at 50 frames a second, frame i being
            centred on mel column 2 i.
        """
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positions[first_position : first_position + x.shape[1]]
        states = [x]
        for block in self.blocks[: max(self.layers)]:
            x = block(x)
            states.append(x)
        if self.config.depth in self.layers:
            states[self.config.depth] = self.final_norm(x)
        return torch.stack([states[layer] for layer in self.layers], dim=2)


def load_encoder(
    path: Path,
    device: torch.device | str = "cpu",
    layers: Sequence[int] = DEFAULT_LAYERS,
) -> WhisperEncoder:
    """Read Whisper base's encoder, frozen and in evaluation mode.

    Raises:
        MMTalkerError: ``WEIGHTS_MISSING`` when the file is absent, damaged or another one.
    """
    check_encoder_file(path)
    model = WhisperEncoder(EncoderConfig(), layers)
    try:
        model.load_state_dict(load_file(path), strict=True)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING,
            f"The speech encoder {path} could not be loaded ({error}). "
            "Delete it and run `python build.py setup`, or reinstall the extension.",
        ) from error
    return model.to(device).eval().requires_grad_(False)
