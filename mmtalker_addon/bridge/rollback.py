"""Steps that take back what was written, for when something fails halfway."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any


class Rollback:
    """Gathers, after each change of Blender's data, the step that undoes it.

    Used as a context it takes all back, last change first, if the block ends by an exception.
    """

    def __init__(self) -> None:
        self._steps = ExitStack()

    def add(self, step: Callable[..., object], *values: Any) -> None:
        """Remember how to undo what was just done."""
        self._steps.callback(_unless_gone, step, values)

    def __enter__(self) -> Rollback:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._steps.pop_all()
        else:
            self._steps.close()  # one step that fails keeps none of the others from being taken


def _unless_gone(step: Callable[..., object], values: tuple[Any, ...]) -> None:
    """Undo one change; a data-block that is gone, by the artist's own Undo for one, needs none."""
    with suppress(ReferenceError):
        step(*values)
