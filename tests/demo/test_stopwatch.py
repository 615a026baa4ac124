"""Times and memory of the stages."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from demo.stopwatch import Stopwatch


def test_a_stage_is_announced_timed_and_kept(capsys: pytest.CaptureFixture[str]):
    watch = Stopwatch()
    with watch.stage("Waiting"):
        time.sleep(0.05)
    assert watch.stages[0].name == "Waiting"
    assert watch.seconds >= 0.05
    assert capsys.readouterr().out.startswith("· Waiting ...")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory without a library")
def test_memory_that_a_stage_held_for_a_while_is_seen():
    watch = Stopwatch()
    with watch.stage("Small"):
        time.sleep(0.1)
    with watch.stage("Large"):
        block = np.ones(200_000_000, dtype=np.uint8)
        time.sleep(0.2)
        assert block[-1]
    small, large = watch.stages
    assert small.peak_mb is not None
    assert large.peak_mb is not None
    assert large.peak_mb - small.peak_mb > 100


def test_a_stage_that_fails_is_not_counted():
    watch = Stopwatch()
    with pytest.raises(ValueError, match="no"), watch.stage("Failing"):
        raise ValueError("no")
    assert watch.stages == []
