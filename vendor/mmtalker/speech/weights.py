"""What the speech encoder's file is called and must hold; needs no torch, so that set-up can check it too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError

ENCODER_FILE_NAME = "whisper_base_encoder.safetensors"
ENCODER_SHA256 = "b500d49d24ed2c37785605adc2f99a2107f5287c623d0f4208a11d2cab8f9fac"
"""Checksum of the file that :mod:`mmtalker.speech.convert` writes; the conversion is deterministic."""


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of a Whisper encoder; the defaults are Whisper base's."""

    width: int = 512
    heads: int = 8
    depth: int = 6
    mel_bands: int = 80
    positions: int = 1500  # 30 s at 50 frames a second


def tensor_shapes(config: EncoderConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of an encoder file, in our names."""
    width = config.width
    shapes: dict[str, tuple[int, ...]] = {
        "conv1.weight": (width, config.mel_bands, 3),
        "conv1.bias": (width,),
        "conv2.weight": (width, width, 3),
        "conv2.bias": (width,),
        "positions": (config.positions, width),
        "final_norm.weight": (width,),
        "final_norm.bias": (width,),
    }
    for i in range(config.depth):
        shapes |= {
            f"blocks.{i}.attention_norm.weight": (width,),
            f"blocks.{i}.attention_norm.bias": (width,),
            f"blocks.{i}.query_key_value.weight": (3 * width, width),
            f"blocks.{i}.query_key_value.bias": (3 * width,),
            f"blocks.{i}.attention_out.weight": (width, width),
            f"blocks.{i}.attention_out.bias": (width,),
            f"blocks.{i}.mlp_norm.weight": (width,),
            f"blocks.{i}.mlp_norm.bias": (width,),
            f"blocks.{i}.mlp_in.weight": (4 * width, width),
            f"blocks.{i}.mlp_in.bias": (4 * width,),
            f"blocks.{i}.mlp_out.weight": (width, 4 * width),
            f"blocks.{i}.mlp_out.bias": (width,),
        }
    return shapes


def check_encoder_file(path: Path) -> None:
    """Raise ``WEIGHTS_MISSING`` unless ``path`` is exactly the file that the conversion writes."""
    if not path.is_file():
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING,
            f"The speech encoder {path} is missing. Run `python build.py setup`, or reinstall the extension.",
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != ENCODER_SHA256:
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING,
            f"The speech encoder {path} is damaged or of another version (sha256 {found[:12]}…). "
            "Delete it and run `python build.py setup`, or reinstall the extension.",
        )
