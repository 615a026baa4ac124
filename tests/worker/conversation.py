"""The client's half of a conversation with a worker, for tests: blunt, and never waiting for ever."""

from __future__ import annotations

import io
import queue
import threading
import wave
from typing import IO, Any

import numpy as np

from mmtalker.worker.wire import Frame, read_frame, write_frame

LIMIT_S = 30.0


def tetrahedron(size: float = 1.0) -> dict[str, np.ndarray]:
    """The arrays of a ``head`` request."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype="<f4") * np.float32(size)
    faces = np.array([0, 2, 1, 0, 1, 3, 1, 2, 3, 0, 3, 2], dtype="<i4")
    return {
        "vertices": corners,
        "loop_vertices": faces,
        "loop_starts": np.arange(0, 13, 3, dtype="<i4"),
    }


def wav_bytes(seconds: float = 0.5) -> bytes:
    """A 16 kHz mono wav file with a tone."""
    samples = np.sin(np.arange(round(16000 * seconds)) * 0.1) * 10000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


class Conversation:
    """Sends numbered requests and sorts what comes back; ``seen`` has every frame in order."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.requests = requests
        self.answers = answers
        self.seen: list[Frame] = []
        self._number = 0
        self._incoming: queue.Queue[Frame | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, kind: str, arrays: dict[str, np.ndarray] | None = None, **fields: Any) -> int:
        self._number += 1
        write_frame(self.requests, {"type": kind, "id": self._number, **fields}, arrays)
        return self._number

    def answer(self, number: int) -> Frame:
        """Wait for the frame that answers request ``number``."""
        return self._wait_for(lambda frame: frame.id == number and frame.type != "progress")

    def progress(self, number: int) -> Frame:
        return self._wait_for(lambda frame: frame.id == number and frame.type == "progress")

    def ask(self, kind: str, arrays: dict[str, np.ndarray] | None = None, **fields: Any) -> Frame:
        return self.answer(self.send(kind, arrays, **fields))

    def greet(self, **fields: Any) -> Frame:
        return self.ask(
            "hello", **{"protocol": 1, "client": "test", "cache_dir": None, "device": "cpu"} | fields
        )

    def prepare(self) -> dict[str, Any]:
        """Greet, send a head and audio; return the fields of a ``generate`` request."""
        self.greet()
        head = self.ask("head", tetrahedron(), name="Tetra")
        audio = self.ask("audio", {"bytes": np.frombuffer(wav_bytes(), "|u1")}, name="tone.wav")
        return {
            "head": head.fields["head"],
            "audio": audio.fields["audio"],
            "fps": 30.0,
            "start_time": 0.0,
            "frames": 15,
            "seed": 0,
            "options": {},
        }

    def close(self) -> None:
        """Close both pipes, once the worker has closed its end."""
        self.requests.close()
        self._reader.join(LIMIT_S)  # a descriptor must not be closed under a reader
        self.answers.close()

    def _wait_for(self, wanted: Any) -> Frame:
        for frame in self.seen:
            if wanted(frame):
                return frame
        while True:
            frame = self._incoming.get(timeout=LIMIT_S)
            assert frame is not None, "the worker ended its output"
            self.seen.append(frame)
            if wanted(frame):
                return frame

    def _read(self) -> None:
        while (frame := read_frame(self.answers)) is not None:
            self._incoming.put(frame)
        self._incoming.put(None)
