"""A run stepped by a test as the window's timer would."""

from __future__ import annotations

import time
from collections.abc import Callable

import bpy

from mmtalker_addon.ops import runs


def until(condition: Callable[[], bool], seconds: float = 20.0) -> runs.Outcome | None:
    """Step the run until the condition holds or the run has ended; returns the outcome, if any."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        outcome = runs.step(bpy.context)
        if outcome is not None or condition():
            return outcome
        time.sleep(0.01)
    raise AssertionError("nothing happened in time")


def working() -> bool:
    """True once the fake worker is at what it was asked for."""
    return runs.current().status.stage == "motion"


def never() -> bool:
    return False
