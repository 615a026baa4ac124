"""A small network that recognises phones of any language in encoded speech, 100 times a second.

It scores a phone by the product of two vectors: one that it makes of the encoder's layers around a moment,
and one that it makes of the phone's articulatory features. A phone that no training clip has is scored, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lab.phonetics.phonetic_chart import FEATURES
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Encoded = NDArray[np.float16] | NDArray[np.float32]

PARTS_OF_A_FRAME = 2
"""Moments that are told apart within a frame of the encoder."""

RECOGNISER_RATE = FEATURE_RATE * PARTS_OF_A_FRAME
"""Moments a second."""

_CONTEXT = 5  # frames that each of the two convolutions sees
_FORMAT = "1"


class PhoneRecogniser(nn.Module):
    """See the module.

    Attributes:
        taught_by: fingerprint of the recordings that it was trained on, if it was given one.

    Args:
        inventory: (P, F) articulatory features of the phones among which it decides.
        inputs: values of a frame of encoded speech, all layers together.
        width: of its hidden layers.
        embedding: length of the two vectors.
    """

    taught_by: str = ""
    mean: Tensor
    scale: Tensor
    inventory: Tensor

    def __init__(
        self, inventory: Tensor, inputs: int, width: int, embedding: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.register_buffer("inventory", inventory)
        self.embedding = embedding
        self.inward = nn.Linear(inputs, width)
        self.around = nn.ModuleList(
            nn.Conv1d(width, width, _CONTEXT, padding=_CONTEXT // 2) for _ in range(2)
        )
        self.moment = nn.Linear(width, PARTS_OF_A_FRAME * embedding)
        self.phone = nn.Sequential(
            nn.Linear(inventory.shape[1], embedding), nn.GELU(), nn.Linear(embedding, embedding)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, encoded: Tensor) -> Tensor:
        """Return (B, 2 T, E) vectors of (B, T, inputs) encoded speech."""
        hidden = functional.gelu(self.inward(self.dropout((encoded - self.mean) / self.scale)))
        for convolution in self.around:
            seen = convolution(self.dropout(hidden).transpose(1, 2)).transpose(1, 2)
            hidden = hidden + functional.gelu(seen)
        moments: Tensor = self.moment(hidden)
        return moments.reshape(len(moments), -1, self.embedding)

    def logits(self, encoded: Tensor) -> Tensor:
        """Return (B, 2 T, P) scores of the inventory."""
        scores: Tensor = self(encoded) @ self.phone(self.inventory).T
        return scores

    @torch.inference_mode()
    def log_probabilities(self, encoded: Encoded, rows: Float32 | None = None) -> Float32:
        """Say how probable phones are.

        Args:
            encoded: (T, L, D) layers of the encoder.
            rows: (S, F) features of the phones asked for, which may be others than the inventory's; None
                for the inventory.

        Returns:
            (2 T, S) logarithms of probabilities, which over the inventory sum to 1.
        """
        frames = torch.from_numpy(np.asarray(encoded, dtype=np.float32).reshape(1, len(encoded), -1))
        moments = self(frames)[0]
        among = moments @ self.phone(self.inventory).T
        asked = among if rows is None else moments @ self.phone(torch.from_numpy(rows)).T
        result: Float32 = (asked - among.logsumexp(dim=1, keepdim=True)).numpy()
        return result


def moments(frames: int) -> Float64:
    """Return (2 T,) middles in seconds of the moments of ``frames`` frames.

    A frame's own time, its number / 50 s, is where its two moments meet.
    """
    middles: Float64 = (np.arange(frames * PARTS_OF_A_FRAME) + 0.5) / RECOGNISER_RATE - 0.5 / FEATURE_RATE
    return middles


def save_recogniser(network: PhoneRecogniser, path: Path) -> None:
    """Write the weights in float16."""
    tensors = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    data = safetensors.torch.save(tensors, {"format": _FORMAT, "taught_by": network.taught_by})
    with replacing(path) as partial:
        partial.write_bytes(data)


def load_recogniser(path: Path) -> PhoneRecogniser:
    """Read what :func:`save_recogniser` wrote, ready for use.

    Raises:
        MMTalkerError: FILE_FORMAT when the file is damaged or of another version.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = file.metadata() or {}
            if about.get("format") != _FORMAT:
                raise ValueError(f"version {about.get('format')} and not {_FORMAT}")
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no mapping
        if tensors["inventory"].shape[1] != len(FEATURES):
            raise ValueError("other articulatory features")
        width, inputs = tensors["inward.weight"].shape
        network = PhoneRecogniser(tensors["inventory"], inputs, width, len(tensors["phone.0.bias"]))
        network.load_state_dict(tensors)
        network.taught_by = about.get("taught_by", "")
    except (OSError, KeyError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} holds no phone recogniser of this program ({error}). Delete it; it is trained anew.",
        ) from error
    return network.eval().requires_grad_(False)
