"""How a long job reports where it is, and how it learns that it should stop."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, fraction)`` with the overall fraction in 0..1.

It may raise :class:`mmtalker.errors.Cancelled`; a job lets that pass and leaves nothing behind.
"""


def silent(stage: str, fraction: float) -> None:
    """Ignore progress."""


def span(progress: Progress, start: float, stop: float) -> Progress:
    """Return a callback that maps a sub-job's 0..1 to ``start``..``stop`` of ``progress``."""

    def inner(stage: str, fraction: float) -> None:
        progress(stage, start + (stop - start) * min(max(fraction, 0.0), 1.0))

    return inner
