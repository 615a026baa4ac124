"""The outer shape of a binary glTF 2.0 file: a header, one JSON chunk and one binary chunk."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.io.inputs import bad_file

_MAGIC = b"glTF"
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_LARGEST = 2**32 - 1  # lengths are 32-bit


def split_glb(data: bytes, name: str) -> tuple[dict[str, Any], memoryview]:
    """The JSON document and the binary chunk (empty when there is none) of a .glb file.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    if len(data) < 20 or data[:4] != _MAGIC:
        raise bad_file(name, "it is not a binary glTF file")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise bad_file(name, f"it is glTF version {version}, and only version 2 is understood")
    if length > len(data):
        raise bad_file(name, f"it was cut short: {len(data)} of its {length} bytes are there")
    chunks: dict[int, memoryview] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        at += 8
        if size > length - at:
            raise bad_file(name, f"a chunk at byte {at - 8} is longer than the file")
        chunks.setdefault(kind, memoryview(data)[at : at + size])
        at += -(-size // 4) * 4
    try:
        document = json.loads(bytes(chunks[_JSON]))
    except (KeyError, ValueError, RecursionError) as error:
        raise bad_file(name, "its JSON chunk is absent or damaged") from error
    if not isinstance(document, dict):
        raise bad_file(name, "its JSON chunk is no glTF document")
    return document, chunks.get(_BINARY, memoryview(b""))


def write_glb_container(path: Path, document: dict[str, Any], views: Sequence[bytes]) -> None:
    """Write a .glb whose buffer view i is ``views[i]``, each aligned to 4 bytes.

    ``document["bufferViews"]`` must have an entry for each of them; their offsets and lengths, and the
    buffer itself, are filled in here.

    Raises:
        MMTalkerError: ``DISK_FULL``, or ``FILE_FORMAT`` when the place cannot be written to or the content
            is beyond the format's 4 GiB.
    """
    at, placed = 0, []
    for entry, content in zip(document["bufferViews"], views, strict=True):
        placed.append({"buffer": 0, "byteOffset": at, "byteLength": len(content), **entry})
        at += -(-len(content) // 4) * 4
    whole = {**document, "bufferViews": placed, "buffers": [{"byteLength": at}]}
    text = json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + 8 + at
    if length > _LARGEST:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} would be larger than the 4 GiB that a glb file can hold. Write an npz file instead.",
        )
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_MAGIC + struct.pack("<II", 2, length))
        file.write(struct.pack("<II", len(text), _JSON) + text)
        file.write(struct.pack("<II", at, _BINARY))
        for content in views:
            file.write(content)
            file.write(b"\0" * (-len(content) % 4))
