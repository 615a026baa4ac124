"""The one job that may run at a time, how it ended, and what the panel can know about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import bpy

from ..engine.status import JobState, JobStatus


@dataclass(frozen=True)
class Outcome:
    """How a run ended, in words for the panel and for ``Operator.report``.

    Attributes:
        state: done, failed or cancelled.
        message: one or two sentences.
        warnings: sentences about what may look wrong.
        details: what a warning counts and does not name, one by one.
        title: what ran, in two words; left empty where it does not matter.
    """

    state: JobState
    message: str
    warnings: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    title: str = ""

    def is_success_of(self, title: str) -> bool:
        """True where what ended well is of this kind."""
        return self.state is JobState.DONE and self.title == title

    @property
    def icon(self) -> str:
        if self.state is JobState.DONE:
            return "ERROR" if self.warnings else "CHECKMARK"
        return "CANCEL" if self.state is JobState.FAILED else "INFO"

    @property
    def report_type(self) -> set[str]:
        if self.state is JobState.FAILED:
            return {"ERROR"}
        return {"WARNING"} if self.warnings else {"INFO"}


@dataclass(frozen=True)
class Said:
    """What is told of something that was done; as in :class:`Outcome`."""

    message: str
    warnings: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Run(Protocol):
    """A job together with what has to be done to Blender's data once it has ended."""

    @property
    def title(self) -> str:
        """What runs, in two words."""

    @property
    def status(self) -> JobStatus:
        """Where it is."""

    @property
    def is_writing(self) -> bool:
        """True while Blender's data is half written: nothing else should change it now."""

    def step(self, context: Any, budget: float = math.inf) -> Outcome | None:
        """Move on without waiting, for about ``budget`` seconds; the outcome once it has ended."""

    def cancel(self) -> None:
        """Ask it to stop; ``step`` says when it has."""

    def abandon(self) -> None:
        """End it here and now; it will not be stepped again."""

    def undone(self) -> None:
        """Blender's Undo or Redo has changed the data meanwhile."""


class _State:
    current: Run | None = None
    last: Outcome | None = None


def current() -> Run | None:
    """What runs now."""
    return _State.current


def busy_reason() -> str:
    """Why nothing else can be started; empty where nothing runs."""
    return "" if _State.current is None else f"{_State.current.title} is running: wait, or cancel it."


def last() -> Outcome | None:
    """How the last run ended, or None since this file was opened."""
    return _State.last


def begin(run: Run) -> None:
    """Make it the current run."""
    _State.current, _State.last = run, None


def step(context: Any, budget: float = math.inf) -> Outcome | None:
    """Move the current run on; the outcome once it has ended, and None while it runs."""
    if _State.current is None:
        return _State.last or Outcome(JobState.CANCELLED, "Cancelled.")
    outcome = _State.current.step(context, budget)
    if outcome is not None:
        end(outcome)
    return outcome


def end(outcome: Outcome) -> None:
    """Nothing runs any more, and this is why."""
    _State.current, _State.last = None, outcome
    redraw()


def abandon(reason: str) -> None:
    """Drop the current run, if there is one; its result will not be used."""
    run = _State.current
    if run is not None:
        end(Outcome(JobState.CANCELLED, reason))
        run.abandon()


def undone() -> None:
    """Blender's Undo or Redo has changed the data: what was made may be gone again."""
    _State.last = None
    if _State.current is not None:
        _State.current.undone()


def forget() -> None:
    """Forget how the last run ended."""
    _State.last = None


_REGIONS = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}
"""Where the panel is, by the editor: to draw a whole viewport anew takes five times as long."""


def redraw() -> None:
    """Show the panel's new state."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if region.type == _REGIONS.get(area.type):
                    region.tag_redraw()
