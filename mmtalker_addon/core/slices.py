"""Long work in slices, so that Blender can draw in between: a generator that yields where it may pause."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Generic, TypeVar

T = TypeVar("T")
Slices = Generator[None, None, T]
"""Work that yields wherever it may pause, and returns what came out."""


class Sliced(Generic[T]):
    """Work under way.

    Attributes:
        result: what came out; unset until ``advance`` has said that all is done.
    """

    result: T

    def __init__(self, slices: Slices[T]) -> None:
        self._slices = slices
        self._is_done = False

    def advance(self, budget: float = math.inf) -> bool:
        """Go on for about ``budget`` seconds, by one slice at least; True once all is done.

        Raises:
            Exception: whatever the work raises; it is over then.
        """
        deadline = time.monotonic() + budget
        try:
            while not self._is_done:
                next(self._slices)
                if time.monotonic() >= deadline:
                    return False
        except StopIteration as stop:
            self._is_done = True
            self.result = stop.value
        return True

    def close(self) -> None:
        """Give up: the work sees a GeneratorExit where it paused, and takes back what it did."""
        self._slices.close()


def in_one_go(slices: Slices[T]) -> T:
    """Do all of the work at once."""
    work = Sliced(slices)
    work.advance()
    return work.result
