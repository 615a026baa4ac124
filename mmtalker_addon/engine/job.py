"""One Generate, from head and audio to curves and shapes: the same in a window, in background, in tests."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .client import Event, WorkerClient
from .errors import EngineCode, EngineError
from .head_request import HeadRequest, head_message
from .result import JobResult, read_result
from .wire import Array, Frame
from .worker_job import CANCEL_LIMIT, WorkerJob


@dataclass(frozen=True)
class JobRequest:
    """Everything that one Generate needs.

    Attributes:
        head: the mesh and what the animator said about it.
        fps: curves' samples per second of audio.
        start_time: seconds of the first sample, 0 being the first decoded one; may be negative.
        frames: number of samples, or None for as many as reach the audio's end.
        audio_path: the sound file, or None where ``audio_bytes`` holds it.
        audio_bytes: the content of a packed sound file.
        audio_name: its name, for messages and the format.
        audio_start: seconds into the file where decoding starts.
        audio_duration: seconds to decode, or None for the rest of the file.
        seed: of the idle motion.
        options: passed to the model as they are.
    """

    head: HeadRequest
    fps: float
    start_time: float = 0.0
    frames: int | None = None
    audio_path: str | None = None
    audio_bytes: bytes | None = None
    audio_name: str = ""
    audio_start: float = 0.0
    audio_duration: float | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.audio_path is None) == (self.audio_bytes is None):
            raise ValueError("a request needs either audio_path or audio_bytes")


def frames_to_end(seconds: float, fps: float, start_time: float = 0.0) -> int:
    """Return how many samples from ``start_time`` on reach the end of ``seconds`` of audio, at least 1."""
    # A length that is a whole number of frames must not grow by one through rounding.
    return max(math.ceil((seconds - start_time) * fps - 1e-6), 0) + 1


class GenerateJob(WorkerJob[JobResult]):
    """Runs one :class:`JobRequest` on a worker."""

    stages: ClassVar = {
        "hello": (0.0, 0.05, "Starting the backend"),
        "head": (0.05, 0.35, "Reading the head"),
        "audio": (0.35, 0.65, "Listening to the audio"),
        "generate": (0.65, 1.0, "Animating"),
    }

    def __init__(self, client: WorkerClient, request: JobRequest, cancel_limit: float = CANCEL_LIMIT) -> None:
        super().__init__(client, cancel_limit)
        self._request = request

    def run(self) -> Generator[None, Event, JobResult]:
        request = self._request
        head = yield from self.ask("head", *head_message(request.head))
        audio_fields, audio_arrays = _audio_request(request)
        audio = yield from self.ask("audio", audio_fields, audio_arrays)
        frames = request.frames
        if frames is None:
            frames = frames_to_end(_seconds(audio), request.fps, request.start_time)
        generate = {
            "head": head.fields.get("head"),
            "audio": audio.fields.get("audio"),
            "fps": request.fps,
            "start_time": request.start_time,
            "frames": frames,
            "seed": request.seed,
            "options": dict(request.options),
        }
        answer = yield from self.ask("generate", generate, {}, expected="result")
        return read_result(head, audio, answer, vertex_count=len(request.head.vertices), frames=frames)


def _audio_request(request: JobRequest) -> tuple[dict[str, Any], dict[str, Array]]:
    fields: dict[str, Any] = {"start": request.audio_start, "duration": request.audio_duration}
    if request.audio_bytes is None:
        return {**fields, "path": request.audio_path, "name": request.audio_name}, {}
    return {**fields, "name": request.audio_name}, {"bytes": np.frombuffer(request.audio_bytes, np.uint8)}


def _seconds(audio: Frame) -> float:
    seconds = audio.fields.get("seconds")
    if not isinstance(seconds, (int, float)) or not 0.0 <= seconds < math.inf:
        raise EngineError(
            EngineCode.BAD_RESULT, f"MMTalker's backend gave the audio's length as {seconds!r}. Try again."
        )
    return float(seconds)
