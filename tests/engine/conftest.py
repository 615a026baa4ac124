"""Clients of the fake worker, ended after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmtalker_addon.engine.client import WorkerClient
from tests.engine import workers


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., WorkerClient]]:
    """Make a client of the fake worker in the mode given, with limits far above what they take."""
    made: list[WorkerClient] = []

    def make(mode: str, **options) -> WorkerClient:
        limits = {"silence_limit": workers.LIMIT_S / 2, "start_limit": workers.LIMIT_S / 2}
        client = WorkerClient(workers.command(mode), tmp_path / "worker.log", **(limits | options))
        made.append(client)
        return client

    yield make
    for client in made:
        client.kill()
