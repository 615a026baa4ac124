"""A client of the faulty worker, and what a user would lose: sound, head, and what lies about."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtalker_addon.engine.client import WorkerClient
from mmtalker_addon.engine.head_request import HeadRequest
from mmtalker_addon.engine.job import GenerateJob, JobRequest
from mmtalker_addon.engine.status import run_to_end
from tests.engine.workers import LIMIT_S
from tests.worker.conversation import tetrahedron, wav_bytes

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("faulty_worker.py")
START = (
    "import runpy, sys; sys.path[:0] = sys.argv[1:3]; del sys.argv[:3]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


class Desk:
    """A user's files and head, and a client that is to speak with it.

    Attributes:
        folder: the user's own; nothing in it may change.
        client: of the faulty worker.
        mark: the file that is there once the fault was made.
        request: a Generate.
    """

    def __init__(self, place: Path, size: float = 1.0, seconds: float = 0.5) -> None:
        self.folder, self.cache = place / "work", place / "cache"
        self.folder.mkdir()
        (self.folder / "voice.wav").write_bytes(wav_bytes(seconds))
        (self.folder / "scene.blend").write_bytes(b"BLENDER" + bytes(range(200)))
        self.request = request_for(size, self.folder / "voice.wav")
        self.mark = place / "mark"
        self._place = place
        self.client = self.make_client("none", "none")

    def make_client(self, stage: str, fault: str) -> WorkerClient:
        command = [sys.executable, "-I", "-u", "-c", START, str(ROOT), str(ROOT / "vendor"), str(WORKER)]
        self.client = WorkerClient(
            [*command, stage, fault, str(self.mark)],
            self._place / "logs" / "worker.log",
            LIMIT_S,
            start_limit=LIMIT_S,
            cache_dir=self.cache,
            device="cpu",
        )
        return self.client

    def generate(self) -> GenerateJob:
        """Run a job to its end."""
        job = GenerateJob(self.client, self.request)
        run_to_end(job)
        return job

    def digest(self) -> str:
        """Of all that is the user's."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            digest.update(path.name.encode() + path.read_bytes())
        head = self.request.head
        for array in (head.vertices, head.loop_vertices, head.loop_starts):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def request_for(size: float, sound: Path) -> JobRequest:
    head = HeadRequest(**tetrahedron(size), name="Head")
    return JobRequest(head, fps=30.0, frames=12, audio_path=str(sound), audio_name=sound.name)


def assert_right(job: GenerateJob) -> None:
    """The result is this very head's and as long as was asked for."""
    assert job.error is None, job.error
    assert job.result is not None
    assert job.result.curves.shape == (12, 2) and (job.result.curves == 1.0).all()
    np.testing.assert_array_equal(job.result.shapes[0], job._request.head.vertices)
    np.testing.assert_array_equal(job.result.shapes[1], -job._request.head.vertices)


def assert_sentence(message: str) -> None:
    """It is for an artist: full sentences in one line, without a trace or a wall of words."""
    assert message[0].isupper() and message.endswith((".", ".)")), message
    assert "\n" not in message and "Traceback" not in message and len(message) < 600, message


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**options: float) -> Desk:
        made.append(Desk(tmp_path, **options))
        return made[-1]

    yield make
    for desk in made:
        desk.client.kill()
