"""What a generated Action remembers of its making, as text, so that sliders need no second inference."""

from __future__ import annotations

import base64
import json
import math
import sys
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import MOST_CHANNELS, MOST_RAW_VALUES, MOST_RECORD_TEXT

SCHEMA = 1
ACTION_TAG = "mmtalker_record"
"""Name of the Action's custom property that holds the text; an Action without it is not ours."""


class RecordError(ValueError):
    """The text is not a record that this version can read; the message says why."""


@dataclass(frozen=True, eq=False)
class Record:
    """The making of an Action.

    Attributes:
        names: K channel names.
        raw: (R, K) activations before finishing.
        raw_rate: Hz of ``raw``.
        start_time: seconds of the Action's first key after the first row of ``raw``.
        fps: keys per second of audio.
        first_frame: scene frame of the first key.
        frames: number of keys.
        head: the mesh object's name.
        audio: the sound's path or name.
        audio_start: seconds into the sound.
        seed: of the idle motion.
        version: of the add-on.
    """

    names: tuple[str, ...]
    raw: NDArray[np.float32]
    raw_rate: float
    start_time: float
    fps: float
    first_frame: int
    frames: int
    head: str
    audio: str
    audio_start: float
    seed: int
    version: str


def encode_record(record: Record) -> str:
    """Return the record as JSON text; the raw curves are compressed without loss."""
    raw = np.ascontiguousarray(record.raw, dtype="<f4")
    if raw.ndim != 2 or raw.shape[1] != len(record.names):
        raise RecordError(f"raw curves of shape {raw.shape} do not fit {len(record.names)} names")
    fields = {
        "schema": SCHEMA,
        "names": list(record.names),
        "raw_shape": list(raw.shape),
        "raw": base64.b64encode(zlib.compress(_shuffle(raw), 6)).decode("ascii"),
    }
    fields.update({name: getattr(record, name) for name in _PLAIN})
    return json.dumps(fields, allow_nan=False, separators=(",", ":"))


def decode_record(text: str) -> Record:
    """Return the record that :func:`encode_record` wrote.

    Raises:
        RecordError: the text is damaged, or of a newer add-on.
    """
    if len(text) > MOST_RECORD_TEXT:
        raise RecordError(
            f"the record has {len(text):,} characters, and at most {MOST_RECORD_TEXT:,} are read: "
            "generate the speech again"
        )
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"the record is not JSON: {error}") from error
    if not isinstance(fields, dict) or type(fields.get("schema")) is not int:
        raise RecordError("the record has no schema")
    if fields["schema"] != SCHEMA:
        raise RecordError(
            f"the record has schema {fields['schema']} and this add-on reads {SCHEMA}: update MMTalker"
        )
    names = fields.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RecordError("the record has no names")
    if len(names) > MOST_CHANNELS:
        raise RecordError(f"the record has {len(names):,} names, and at most {MOST_CHANNELS:,} are read")
    for name, kind in _PLAIN.items():
        if not _is_sound(fields.get(name), kind):
            raise RecordError(f"the record's '{name}' is missing or damaged")
    plain: dict[str, Any] = {name: fields[name] for name in _PLAIN}
    return Record(names=tuple(names), raw=_decode_raw(fields, len(names)), **plain)


def _is_sound(value: object, kind: Any) -> bool:
    """True for a value of its kind; numbers are finite, also as floats."""
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    return not isinstance(value, int | float) or abs(value) <= sys.float_info.max


_NUMBER = (int, float)
_PLAIN: dict[str, Any] = {
    "raw_rate": _NUMBER,
    "start_time": _NUMBER,
    "fps": _NUMBER,
    "first_frame": int,
    "frames": int,
    "head": str,
    "audio": str,
    "audio_start": _NUMBER,
    "seed": int,
    "version": str,
}
"""Fields stored as they are, with what they must be."""


def _decode_raw(fields: dict[str, Any], channels: int) -> NDArray[np.float32]:
    shape = fields.get("raw_shape")
    if not isinstance(shape, list) or len(shape) != 2 or any(type(n) is not int or n < 0 for n in shape):
        raise RecordError("the record's raw curves have no shape")
    if shape[1] != channels:
        raise RecordError("the record's raw curves do not fit its names")
    if math.prod(max(length, 1) for length in shape) > MOST_RAW_VALUES:
        raise RecordError(
            f"the record's raw curves have {shape[0]:,} rows of {channels} numbers, and at most "
            f"{MOST_RAW_VALUES:,} numbers are read: generate the speech again"
        )
    size = math.prod(shape) * 4
    # A file from a stranger must not unpack to more than its shape says.
    unpacker = zlib.decompressobj()
    try:
        packed = base64.b64decode(fields.get("raw", ""), validate=True)
        data = unpacker.decompress(packed, size + 1)
    except (TypeError, ValueError, zlib.error) as error:  # ValueError: no base64, or not ASCII
        raise RecordError(f"the record's raw curves are damaged: {error}") from error
    if len(data) != size or not unpacker.eof:
        raise RecordError("the record's raw curves are cut short or too long")
    return _unshuffle(data, (shape[0], shape[1]))


def _shuffle(raw: NDArray[np.float32]) -> bytes:
    """Put channel after channel and equal bytes of the floats together, which halves what zlib leaves."""
    return raw.T.copy().view(np.uint8).reshape(-1, 4).T.tobytes()


def _unshuffle(data: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    planes = np.frombuffer(data, dtype=np.uint8).reshape(4, -1)
    floats = np.ascontiguousarray(planes.T).view("<f4").reshape(shape[1], shape[0])
    return np.ascontiguousarray(floats.T, dtype=np.float32)
