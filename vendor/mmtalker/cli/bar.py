"""The progress bar: one line on a terminal that is drawn over, and nothing at all anywhere else."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import TextIO

_WIDTH = 30
_EVERY_S = 0.1


class ProgressBar:
    """A progress callback that draws on ``stream``, and wipes its line away when it is left as a context."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on = stream.isatty()
        self._drawn_at = -math.inf
        self._stage = ""
        self._length = 0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw("")
        self._draw("")  # once more, for the cursor to be back at the left

    def __call__(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._drawn_at < _EVERY_S:
            return
        self._stage, self._drawn_at = stage, now
        full = round(_WIDTH * fraction)
        self._draw(f"[{'#' * full}{'.' * (_WIDTH - full)}] {100 * fraction:3.0f} %  {stage}")

    def _draw(self, line: str) -> None:
        if not self._on:
            return
        # Blanks and not an escape sequence, which an old Windows console would print.
        self._stream.write("\r" + line.ljust(self._length))
        self._stream.flush()
        self._length = len(line)
