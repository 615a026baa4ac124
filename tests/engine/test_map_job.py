"""Check Head from start to end, and answers that cannot be used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmtalker_addon.engine.client import WorkerClient
from mmtalker_addon.engine.map_job import MapJob, read_mapping
from mmtalker_addon.engine.status import JobState, run_to_end
from mmtalker_addon.engine.wire import Frame
from tests.engine.workers import head_request, wait_until

Make = Callable[..., WorkerClient]


def test_a_head_is_described(make_client: Make) -> None:
    seen = []
    job = MapJob(make_client("good"), head_request())
    run_to_end(job, report=seen.append)
    result = job.result
    assert result is not None and job.error is None
    assert (result.topology, result.confidence, result.mouth) == ("fake", 0.75, "parted")
    assert result.regions["jaw"] == 0.2
    assert result.points["nose_tip"] == (0.5, 0.0, 0.5)  # of a tetrahedron in the unit cube
    assert result.uv.shape == (4, 2) and result.role.shape == result.region.shape == (4,)
    assert result.lip_line.shape == (2, 3)
    assert result.warnings == ("The neck is open.",)
    fractions = [status.fraction for status in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_moved_landmarks_are_sent(make_client: Make) -> None:
    job = MapJob(make_client("good"), head_request(corrections={"chin": (7.0, 8.0, 9.0)}))
    run_to_end(job)
    assert job.result is not None
    assert job.result.points["chin"] == (7.0, 8.0, 9.0)


def test_a_cancel_is_obeyed(make_client: Make) -> None:
    job = MapJob(make_client("slow_map"), head_request())
    wait_until(lambda: job.step().stage == "motion")
    job.cancel()
    wait_until(lambda: job.step().ended)
    assert job.status.state is JobState.CANCELLED


def test_a_refusal_is_told(make_client: Make) -> None:
    job = MapJob(make_client("no_head"), head_request())
    assert run_to_end(job).message == "This is no head. Choose another mesh."


def answer(**changes) -> Frame:
    fields = {
        "topology": "any",
        "confidence": 0.5,
        "regions": {"mouth": 0.5},
        "mouth": "fused",
        "points": {"chin": [0.0, 1.0, 2.0]},
        "warnings": [],
    }
    arrays = {
        "uv": np.zeros((4, 2), "<f4"),
        "role": np.zeros(4, "|u1"),
        "region": np.zeros(4, "|u1"),
        "lip_line": np.zeros((2, 3), "<f4"),
    }
    given = {name: value for name, value in changes.items() if name not in arrays}
    return Frame("map", 2, fields | given, {name: changes.get(name, arrays[name]) for name in arrays})


def test_a_whole_answer_is_read() -> None:
    assert read_mapping(answer(), vertex_count=4).mouth == "fused"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mouth": "open"}, "mouth"),
        ({"confidence": 1.5}, "confidence"),
        ({"confidence": None}, "confidence"),
        ({"regions": {"nose": "high"}}, "nose"),
        ({"points": {"chin": [1, 2]}}, "chin"),
        ({"points": None}, "points"),
        ({"uv": np.zeros((3, 2), "<f4")}, "uv"),
        ({"uv": np.full((4, 2), np.nan, "<f4")}, "uv"),
        ({"role": np.zeros(4, "<i4")}, "role"),
        ({"lip_line": np.zeros((2, 2), "<f4")}, "lip_line"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(changes, named) -> None:
    with pytest.raises(Exception, match=named) as caught:
        read_mapping(answer(**changes), vertex_count=4)
    assert caught.value.code == "worker_bad_result"
