"""What the engine's tests share: the fake worker's command, a small head, and waiting with a limit."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from mmtalker_addon.engine.client import Event, Failure, Reply, WorkerClient, WorkerLost
from mmtalker_addon.engine.head_request import HeadRequest
from mmtalker_addon.engine.job import JobRequest
from tests.worker.conversation import tetrahedron

FAKE_WORKER = Path(__file__).resolve().parents[1] / "fake_worker.py"
LIMIT_S = 20.0


def command(mode: str) -> list[str]:
    return [sys.executable, "-I", "-u", str(FAKE_WORKER), mode]


def head_request(**changes) -> HeadRequest:
    """A tetrahedron."""
    return HeadRequest(**({**tetrahedron(), "name": "Head"} | changes))


def request(**changes) -> JobRequest:
    """A tetrahedron and 30 frames of a sound file that the fake worker never opens."""
    fields = {
        "head": head_request(),
        "fps": 30.0,
        "frames": 30,
        "audio_path": "speech.wav",
        "audio_name": "speech.wav",
    }
    return JobRequest(**(fields | changes))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def wait_for_answer(client: WorkerClient, number: int) -> Event:
    """Return the event that answers a request, or the loss of the worker."""
    found: list[Event] = []

    def answers(event: Event) -> bool:
        match event:
            case WorkerLost():
                return True
            case Reply():
                return event.frame.id == number
            case Failure():
                return event.id == number
        return False

    def answered() -> bool:
        found.extend(filter(answers, client.poll()))
        return bool(found)

    wait_until(answered)
    return found[0]
