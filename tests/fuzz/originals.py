"""One sound input for each reader, made or taken from the repository, and how it is read."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from mmtalker.animation import Animation
from mmtalker.io.glb_animation import write_glb
from mmtalker.io.heads import read_head
from mmtalker.io.npz import read_npz, write_npz
from mmtalker.mesh.mesh import Mesh
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.speech.audio import load_audio
from mmtalker.worker.wire import WireError, encode_frame, read_frame
from mmtalker_addon.core.head_record import HeadCheck, HeadRecord, decode_head, encode_head
from mmtalker_addon.core.record import Record, RecordError, decode_record, encode_record
from tests.speech.media import write_media


@dataclass(frozen=True)
class Reader:
    """``read`` takes a file's path; ``sentences`` are its own errors beside MMTalkerError."""

    suffix: str
    original: Callable[[], bytes]
    read: Callable[[Path], object]
    sentences: tuple[type[Exception], ...] = ()


def _sound(kind: str, subtype: str) -> Callable[[], bytes]:
    def make() -> bytes:
        times = np.arange(16_000) / 16_000
        stream = io.BytesIO()
        soundfile.write(stream, 0.3 * np.sin(900.0 * times * (1.0 + times)), 16_000, subtype, format=kind)
        return stream.getvalue()

    return make


def _media(kind: str, codec: str, rate: int) -> Callable[[], bytes]:
    def make() -> bytes:
        stream = io.BytesIO()
        write_media(stream, 0.3 * np.sin(900.0 * np.arange(rate) / rate), rate, kind, codec)
        return stream.getvalue()

    return make


def _mesh() -> Mesh:
    rng = np.random.default_rng(0)
    faces = [[i, i + 1, i + 8, i + 7] for i in range(0, 42) if i % 7 < 6]
    return Mesh.from_polygons(rng.normal(size=(49, 3)).astype(np.float32), faces)


def _obj() -> bytes:
    mesh = _mesh()
    lines = ["o head", *(f"v {x} {y} {z}" for x, y, z in mesh.vertices)]
    lines += [
        f"f {a + 1}/1/1 {b + 1}//2 {c + 1} \\\n {d + 1}" for a, b, c, d in mesh.loop_vertices.reshape(-1, 4)
    ]
    return "\n".join(lines).encode()


def _ply() -> bytes:
    mesh = _mesh()
    quads = mesh.loop_vertices.reshape(-1, 4)
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(mesh.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(quads)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = b"".join(struct.pack("<B4i", 4, *row) for row in quads.tolist())
    return header.encode() + mesh.vertices.astype("<f4").tobytes() + rows


def _animation() -> Animation:
    mesh, rng = _mesh(), np.random.default_rng(1)
    count = len(ARKIT_NAMES)
    curves = rng.uniform(size=(6, count)).astype(np.float32)
    shapes = rng.normal(size=(count, mesh.vertex_count, 3)).astype(np.float32)
    return Animation(ARKIT_NAMES, curves, 24.0, 0.0, curves, mesh, shapes)


def _written(write: Callable[[Animation, Path], None], suffix: str) -> Callable[[], bytes]:
    def make() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"made{suffix}"
            write(_animation(), path)
            return path.read_bytes()

    return make


def _frame() -> bytes:
    arrays = {"a": np.arange(30, dtype=np.float32).reshape(5, 6), "b": np.arange(4, dtype=np.int64)}
    return b"".join(encode_frame({"type": "generate", "id": 3, "fps": 24.0, "name": "Kopf"}, arrays))


def _record() -> bytes:
    raw = np.random.default_rng(2).uniform(size=(20, 3)).astype(np.float32)
    made = Record(("jawOpen", "a", "b"), raw, 50.0, 0.0, 24.0, 1, 10, "Head", "a.wav", 0.0, 1, "1.0.0")
    return encode_record(made).encode()


def _configuration() -> bytes:
    from mmtalker.model.loading import CONFIG_NAME, DEFAULT_FOLDER  # torch is for this reader alone

    return (DEFAULT_FOLDER / CONFIG_NAME).read_bytes()


def _read_configuration(path: Path) -> object:
    from mmtalker.model.loading import _read_config

    return _read_config(path)


def _read_frames(path: Path) -> object:
    stream = io.BytesIO(path.read_bytes())
    frames = []
    while (frame := read_frame(stream)) is not None:
        frames.append(frame)
    return frames


def _read_record(path: Path) -> object:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return decode_record(text)


def _read_head_record(path: Path) -> object:
    return decode_head(path.read_bytes().decode("utf-8", "surrogateescape"))


def _head_record() -> bytes:
    point = (0.0, 1.0, 2.0)
    check = HeadCheck("unknown", 0.9, {"lips": 0.8, "jaw": 0.7}, "parted", (point, point), ("A sentence.",))
    return encode_head(HeadRecord("ab" * 16, check, {"chin": point})).encode()


READERS = {
    "wav": Reader(".wav", _sound("WAV", "PCM_16"), load_audio),
    "flac": Reader(".flac", _sound("FLAC", "PCM_16"), load_audio),
    "ogg": Reader(".ogg", _sound("OGG", "VORBIS"), load_audio),
    "mp3": Reader(".mp3", _sound("MP3", "MPEG_LAYER_III"), load_audio),
    "m4a": Reader(".m4a", _media("mp4", "aac", 16_000), load_audio),
    "webm": Reader(".webm", _media("webm", "libopus", 48_000), load_audio),
    "wma": Reader(".wma", _media("asf", "wmav2", 16_000), load_audio),
    "obj": Reader(".obj", _obj, read_head),
    "ply": Reader(".ply", _ply, read_head),
    "glb": Reader(".glb", _written(write_glb, ".glb"), read_head),
    "npz": Reader(".npz", _written(write_npz, ".npz"), read_npz),
    # Its caller turns ValueError into the sentence that names the file.
    "configuration": Reader(".json", _configuration, _read_configuration, (ValueError,)),
    "frames": Reader(".bin", _frame, _read_frames, (WireError,)),
    "record": Reader(".json", _record, _read_record, (RecordError,)),
    "head record": Reader(".json", _head_record, _read_head_record),
}
