"""A backend that needs no weights and does as its options say; run as a script it is a worker."""

from __future__ import annotations

import errno
import os
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from mmtalker.errors import Cancelled, ErrorCode, MMTalkerError
from mmtalker.mapping.types import REGIONS, HeadMapping, Mouth
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.roles import Role
from mmtalker.speech.audio import Audio, load_audio
from mmtalker.worker.backend import Backend

NAMES = ("jawOpen", "mouthClose")
PATIENCE_S = 20.0


@dataclass(frozen=True)
class StubOptions:
    behaviour: str = ""
    strength: float = 1.0


@dataclass(frozen=True)
class StubHead:
    mesh: Mesh
    shapes: np.ndarray
    warnings: tuple[str, ...] = ("the neck is open",)

    topology: str = "stub"
    confidence: float = 0.75

    @property
    def role(self) -> np.ndarray:
        role = np.full(self.mesh.vertex_count, Role.SKIN, dtype=np.uint8)
        role[-1] = Role.TONGUE
        return role

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"shapes": self.shapes}

    @staticmethod
    def from_arrays(mesh: Mesh, arrays: dict[str, np.ndarray]) -> StubHead:
        return StubHead(mesh, arrays["shapes"])


@dataclass(frozen=True)
class StubSpeech:
    energy: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.energy) / 50.0

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"energy": self.energy}

    @staticmethod
    def from_arrays(arrays: dict[str, np.ndarray]) -> StubSpeech:
        return StubSpeech(arrays["energy"])


class OutOfMemoryError(RuntimeError):
    """Named as torch's own."""


FAULTS = {
    "memory": MemoryError(),
    "cuda memory": OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "driver memory": RuntimeError("CUDA error: out of memory"),
    "cpu memory": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    "disk": OSError(errno.ENOSPC, "No space left on device", "/somewhere/file"),
    "weights": MMTalkerError(ErrorCode.WEIGHTS_MISSING, "There are no weights. Run set-up."),
    "mesh": MMTalkerError(ErrorCode.BAD_MESH, "The head has no faces. Choose another."),
    "bug": ZeroDivisionError("division by zero"),
    "library": ModuleNotFoundError("No module named 'scipy'", name="scipy"),
}


@dataclass
class StubTalker:
    """Counts what it is asked; ``started`` and ``go_on`` let a test hold a job."""

    device_name: str = "cpu"
    fingerprint: str = "stub-1"
    prepared: list[str] = field(default_factory=list)
    hints: list[Any] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    was_cancelled: threading.Event = field(default_factory=threading.Event)

    def map_head(self, mesh: Mesh, corrections: Any, hints: Any) -> HeadMapping:
        """Every vertex is skin in the middle of the chart; the chin is vertex 0 unless it was moved."""
        self.prepared.append("map")
        self.hints.append(hints)
        count = mesh.vertex_count
        chin = corrections.get("chin", mesh.vertices[0].astype(np.float64))
        return HeadMapping(
            topology="stub",
            uv=np.full((count, 2), 0.5, np.float32),
            role=np.full(count, Role.SKIN, np.uint8),
            jaw_weight=np.zeros(count, np.float32),
            leader=np.full(count, -1, np.int32),
            confidence=0.75,
            to_canonical=Similarity.identity(),
            landmarks={"chin": 0},
            warnings=("the neck is open",),
            points={"chin": chin},
            regions=dict.fromkeys(REGIONS, 0.5),
            mouth=Mouth.FUSED,
            triangles=mesh.triangles(),
            owner=np.arange(mesh.vertex_count, dtype=np.int32),
        )

    def prepare_head(self, mesh: Mesh, progress: Any, mapping: HeadMapping) -> StubHead:
        self.prepared.append("head")
        progress("mapping", 0.5)
        return StubHead(mesh, np.stack([mesh.vertices, -mesh.vertices]))

    def prepare_speech(self, audio: Audio, progress: Any) -> StubSpeech:
        self.prepared.append("speech")
        progress("encoding", 0.5)
        return StubSpeech(np.abs(audio.samples[::320]))

    def animate(
        self,
        head: StubHead,
        speech: StubSpeech,
        *,
        fps: float,
        start_time: float = 0.0,
        frames: int | None = None,
        seed: int = 0,
        options: StubOptions = StubOptions(),
        progress: Any,
    ) -> SimpleNamespace:
        self._behave(options.behaviour, progress)
        count = frames or round(len(speech.energy) / 50 * fps)
        return SimpleNamespace(
            names=NAMES,
            curves=np.full((count, 2), options.strength, np.float32),
            fps=fps,
            start_time=start_time,
            raw=np.zeros((len(speech.energy), 2), np.float32),
            mesh=head.mesh,
            shapes=head.shapes,
            stats={"fusion": float("nan") if options.behaviour == "nan" else 0.25},
            warnings=(*head.warnings, "a warning"),
        )

    def _behave(self, behaviour: str, progress: Any) -> None:
        progress("fusing", 0.1)
        self.started.set()
        if behaviour in FAULTS:
            raise FAULTS[behaviour]
        if behaviour == "print":
            print("a library says hello", flush=True)
            os.write(1, b"MMT1 and so does its C code\n")
        if behaviour == "wait":  # and look for a cancellation, as a good job does
            give_up = time.monotonic() + PATIENCE_S
            while not self.go_on.wait(0.005) and time.monotonic() < give_up:
                try:
                    progress("waiting", 0.5)
                except Cancelled:
                    self.was_cancelled.set()
                    raise
        if behaviour == "deaf":  # one long step without a look
            self.go_on.wait(PATIENCE_S)


def stub_backend(talker: StubTalker | None = None) -> Backend:
    talker = talker or StubTalker()
    return Backend(
        talker=talker,
        map_head=talker.map_head,
        map_fingerprint=lambda: f"map {talker.fingerprint}",
        restore_mapping=HeadMapping.from_arrays,
        restore_head=StubHead.from_arrays,
        restore_speech=StubSpeech.from_arrays,
        load_audio=load_audio,
        read_options=lambda values: StubOptions(**values),
        raw_rate=50.0,
    )


if __name__ == "__main__":
    from mmtalker.worker.process import serve_stdio

    serve_stdio(lambda device: stub_backend(), last_step_s=0.2)
