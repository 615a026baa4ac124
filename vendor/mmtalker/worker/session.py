"""What the worker does for each kind of request: hello, head, map, audio, generate."""

from __future__ import annotations

import importlib.metadata
import logging
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.limits import check_frames
from mmtalker.mesh.roles import Role
from mmtalker.progress import Progress, span
from mmtalker.version import version
from mmtalker.worker import fields
from mmtalker.worker.backend import Backend, BackendFactory
from mmtalker.worker.cache import DiskCache
from mmtalker.worker.heads import describe_mapping, mapping_arrays, read_given, read_mesh
from mmtalker.worker.prepared import PreparedStore
from mmtalker.worker.wire import PROTOCOL_VERSION, Frame

_DEVICES = ("auto", "cpu", "cuda")
_DECODED = 0.05  # share of an audio request that decoding takes

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A frame to send back, without its number."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Session:
    """One client's conversation: its backend and what has been prepared for it.

    Args:
        load: makes the backend once the client has said which device it wants.
    """

    def __init__(self, load: BackendFactory) -> None:
        self._load = load
        self._backend: Backend | None = None
        self._store: PreparedStore | None = None
        self._handlers: dict[str, Callable[[Frame, Progress], Answer]] = {
            "hello": self._hello,
            "head": self._head,
            "map": self._map,
            "audio": self._audio,
            "generate": self._generate,
            "shutdown": self._shutdown,
        }

    def answer(self, request: Frame, progress: Progress) -> Answer:
        """Do what ``request`` asks for.

        Raises:
            MMTalkerError: with the reason; other exceptions are faults or want of memory.
        """
        handler = self._handlers.get(request.type)
        if handler is None:
            raise fields.bad_request(f"The worker knows no request '{request.type}'.")
        return handler(request, progress)

    def _hello(self, request: Frame, progress: Progress) -> Answer:
        spoken = fields.whole(request, "protocol")
        if spoken != PROTOCOL_VERSION:
            raise MMTalkerError(
                ErrorCode.PROTOCOL_MISMATCH,
                f"The add-on speaks version {spoken} of the worker protocol and the worker version "
                f"{PROTOCOL_VERSION}. Reinstall the extension and restart Blender.",
            )
        device = fields.text(request, "device", "auto")
        if device not in _DEVICES:
            raise fields.bad_request(f"'{device}' is not a device ({', '.join(_DEVICES)}).")
        folder = fields.text(request, "cache_dir") if fields.given(request, "cache_dir") else None
        backend = self._load(device)
        self._backend = backend
        self._store = PreparedStore(backend, DiskCache(Path(folder)) if folder else None)
        return Answer(
            "hello",
            {
                "protocol": PROTOCOL_VERSION,
                "version": version(),
                "python": platform.python_version(),
                "torch": _torch_version(),
                "device": backend.talker.device_name.partition(":")[0],
                "device_name": backend.talker.device_name,
                "weights": _fingerprint(backend),
            },
        )

    def _head(self, request: Frame, progress: Progress) -> Answer:
        _, store = self._ready()
        mesh = read_mesh(request)
        head = store.head(mesh, progress, read_given(request, mesh))
        counts = np.bincount(head.value.role, minlength=len(Role))
        return Answer(
            "head",
            {
                "head": head.key,
                "topology": head.value.topology,
                "confidence": head.value.confidence,
                "parts": {role.name.lower(): int(counts[role]) for role in Role if counts[role]},
                "warnings": list(head.value.warnings),
                "cached": head.cached,
            },
        )

    def _map(self, request: Frame, progress: Progress) -> Answer:
        _, store = self._ready()
        mesh = read_mesh(request)
        mapping = store.mapping(mesh, progress, read_given(request, mesh))
        return Answer("map", describe_mapping(mapping), mapping_arrays(mesh, mapping))

    def _audio(self, request: Frame, progress: Progress) -> Answer:
        backend, store = self._ready()
        source: Path | bytes
        if "bytes" in request.arrays:
            source = fields.array(request, "bytes", "|u1").tobytes()
            name = fields.text(request, "name", "") or "the audio"
        else:
            source = Path(fields.text(request, "path"))
            name = source.name
        start = fields.number(request, "start", 0.0)
        duration = fields.number(request, "duration") if fields.given(request, "duration") else None
        audio = backend.load_audio(
            source, start=start, duration=duration, name=name, progress=span(progress, 0.0, _DECODED)
        )
        speech = store.speech(audio, span(progress, _DECODED, 1.0))
        return Answer(
            "audio",
            {
                "audio": speech.key,
                "seconds": audio.seconds,
                "warnings": list(audio.warnings),
                "cached": speech.cached,
            },
        )

    def _generate(self, request: Frame, progress: Progress) -> Answer:
        backend, store = self._ready()
        head = store.known_head(fields.text(request, "head"))
        speech = store.known_speech(fields.text(request, "audio"))
        if head is None or speech is None:
            missing = "head" if head is None else "audio"
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"The worker does not hold this {missing} any more. Press Generate again.",
            )
        fps = fields.number(request, "fps")
        frames = fields.whole(request, "frames") if fields.given(request, "frames") else None
        start_time = fields.number(request, "start_time", 0.0)
        check_frames(fps, frames, speech.seconds, start_time)
        animation = backend.talker.animate(
            head,
            speech,
            fps=fps,
            start_time=start_time,
            frames=frames,
            seed=fields.whole(request, "seed", 0),
            options=backend.read_options(fields.mapping(request, "options")),
            progress=progress,
        )
        return Answer(
            "result",
            {
                "names": list(animation.names),
                "fps": animation.fps,
                "raw_rate": backend.raw_rate,
                "stats": {name: float(value) for name, value in animation.stats.items()},
                "warnings": list(animation.warnings),
            },
            {
                name: np.ascontiguousarray(values, dtype="<f4")
                for name, values in (
                    ("curves", animation.curves),
                    ("raw", animation.raw),
                    ("shapes", animation.shapes),
                )
            },
        )

    def _shutdown(self, request: Frame, progress: Progress) -> Answer:
        return Answer("bye")

    def _ready(self) -> tuple[Backend, PreparedStore]:
        if self._backend is None or self._store is None:
            raise fields.bad_request("The first request must be 'hello'.")
        return self._backend, self._store


def _torch_version() -> str | None:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _fingerprint(backend: Backend) -> str | None:
    """Return the fingerprint of the weights; None where there are none, which a job will explain."""
    try:
        return backend.talker.fingerprint
    except MMTalkerError as error:
        _log.warning("no weights: %s", error)
        return None
