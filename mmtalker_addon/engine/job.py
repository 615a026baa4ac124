"""One Generate, from head and audio to curves and shapes: the same in a window, in background, in tests."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .client import Event, Failure, Progress, Reply, WorkerClient, WorkerLost
from .errors import EngineCode, EngineError
from .result import Float32, JobResult, read_result
from .status import JobState, JobStatus
from .wire import PROTOCOL_VERSION, Array, Frame

_CANCEL_LIMIT = 5.0
"""Seconds that a worker has to answer a cancel before it is killed."""

_STAGES = {
    "hello": (0.0, 0.05, "Starting the backend"),
    "head": (0.05, 0.35, "Reading the head"),
    "audio": (0.35, 0.65, "Listening to the audio"),
    "generate": (0.65, 1.0, "Animating"),
}
"""Share of the whole and the words of each request."""

_Asking = Generator[None, Event, Frame]


@dataclass(frozen=True)
class JobRequest:
    """Everything that one Generate needs.

    Attributes:
        vertices: (V, 3) positions in the head's own units and axes.
        loop_vertices: (L,) vertex of each polygon corner.
        loop_starts: (F + 1,) offset of each polygon's first corner; the last entry is L.
        head_name: the object's name, for messages.
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

    vertices: Float32
    loop_vertices: NDArray[np.int32]
    loop_starts: NDArray[np.int32]
    head_name: str
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


class GenerateJob:
    """Runs one :class:`JobRequest` on a worker; ``step`` it until its status has ended.

    Starts the worker where none runs and greets it where it is new. One job at a time may use a client.
    """

    def __init__(
        self, client: WorkerClient, request: JobRequest, cancel_limit: float = _CANCEL_LIMIT
    ) -> None:
        self._client = client
        self._request = request
        self._cancel_limit = cancel_limit
        self._sequence = self._run()
        self._status = JobStatus(JobState.RUNNING, "hello", 0.0, _STAGES["hello"][2])
        self._waiting_for: int | None = None
        self._cancel_wanted = False
        self._cancel_deadline: float | None = None
        self._result: JobResult | None = None
        self._error: EngineError | None = None
        self._started = False

    @property
    def status(self) -> JobStatus:
        return self._status

    @property
    def result(self) -> JobResult | None:
        """What came out; None unless the job is done."""
        return self._result

    @property
    def error(self) -> EngineError | None:
        return self._error

    def cancel(self) -> None:
        """Give up; the job ends within the cancel limit whatever the worker does."""
        if not self._status.ended:
            self._cancel_wanted = True

    def step(self) -> JobStatus:
        """Take in what the worker sent and ask for what comes next, without waiting."""
        if self._status.ended:
            return self._status
        try:
            if self._cancel_wanted:
                self._step_cancel()
            else:
                self._step_sequence()
        except StopIteration as stop:
            self._result = stop.value
            self._end(JobState.DONE, "Done")
        except EngineError as error:
            if self._cancel_wanted:
                self._end(JobState.CANCELLED, "Cancelled")
            else:
                self._error = error
                self._end(JobState.FAILED, error.message)
        return self._status

    def _end(self, state: JobState, message: str) -> None:
        fraction = 1.0 if state is JobState.DONE else self._status.fraction
        self._status = JobStatus(state, self._status.stage, fraction, message)
        self._sequence.close()

    def _step_sequence(self) -> None:
        if not self._started:
            self._started = True
            self._client.poll()  # whatever is left of an earlier job
            next(self._sequence)
        for event in self._client.poll():
            self._sequence.send(event)

    def _step_cancel(self) -> None:
        """Tell the worker once, then wait for the target's answer, for a while."""
        if self._cancel_deadline is None:
            self._cancel_deadline = time.monotonic() + self._cancel_limit
            if self._waiting_for is None or not self._client.running:
                return self._end(JobState.CANCELLED, "Cancelled")
            self._client.cancel(self._waiting_for)
            self._show(self._status.stage, self._status.fraction, "Cancelling")
        for event in self._client.poll():
            answered = isinstance(event, Reply) and event.frame.id == self._waiting_for
            refused = isinstance(event, Failure) and event.id == self._waiting_for
            if answered or refused or isinstance(event, WorkerLost):
                return self._end(JobState.CANCELLED, "Cancelled")
        if time.monotonic() > self._cancel_deadline:
            self._client.kill()
            return self._end(JobState.CANCELLED, "Cancelled")
        return None

    def _run(self) -> Generator[None, Event, JobResult]:
        """Yield while waiting; each event is sent in."""
        client, request = self._client, self._request
        client.start()
        yield from self._greet()
        head = yield from self._ask("head", {"name": request.head_name}, _head_arrays(request))
        audio_fields, audio_arrays = _audio_request(request)
        audio = yield from self._ask("audio", audio_fields, audio_arrays)
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
        answer = yield from self._ask("generate", generate, {}, expected="result")
        return read_result(head, audio, answer, vertex_count=len(request.vertices), frames=frames)

    def _greet(self) -> Generator[None, Event, None]:
        """Greet a new worker; whoever greeted it, its protocol must be ours."""
        client = self._client
        if client.greeting is None:
            cache = client.cache_dir
            hello = {
                "protocol": PROTOCOL_VERSION,
                "client": "mmtalker_addon",
                "cache_dir": None if cache is None else str(cache),
                "device": client.device,
            }
            yield from self._ask("hello", hello, {})
        version = (client.greeting or {}).get("protocol")
        if version != PROTOCOL_VERSION:
            client.kill()
            raise EngineError(
                EngineCode.MISMATCH,
                f"MMTalker's backend and add-on do not belong together (protocol {version} and "
                f"{PROTOCOL_VERSION}). Install the extension again, then press Set Up in its preferences.",
            )

    def _ask(
        self, kind: str, fields: Mapping[str, Any], arrays: Mapping[str, Array], expected: str | None = None
    ) -> _Asking:
        """Send a request and wait for its answer, showing its progress meanwhile."""
        low, high, words = _STAGES[kind]
        self._show(kind, low, words)
        number = self._waiting_for = self._client.send(kind, fields, arrays)
        while True:
            event = yield
            if isinstance(event, WorkerLost):
                raise EngineError(event.code, event.message, event.log_tail)
            if isinstance(event, Progress) and event.id == number:
                self._show(event.stage or kind, low + (high - low) * event.fraction, words)
            elif isinstance(event, Failure) and event.id == number:
                raise EngineError(event.code, event.message, event.details)
            elif isinstance(event, Reply) and event.frame.id == number:
                break
        self._waiting_for = None
        if event.frame.type != (expected or kind):
            raise EngineError(
                EngineCode.BAD_RESULT,
                f"MMTalker's backend answered '{kind}' with '{event.frame.type}'. Set the backend up again.",
            )
        self._show(kind, high, words)
        return event.frame

    def _show(self, stage: str, fraction: float, message: str) -> None:
        self._status = JobStatus(JobState.RUNNING, stage, max(fraction, self._status.fraction), message)


def _head_arrays(request: JobRequest) -> dict[str, Array]:
    return {
        "vertices": np.ascontiguousarray(request.vertices, dtype="<f4").reshape(-1, 3),
        "loop_vertices": np.ascontiguousarray(request.loop_vertices, dtype="<i4"),
        "loop_starts": np.ascontiguousarray(request.loop_starts, dtype="<i4"),
    }


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
