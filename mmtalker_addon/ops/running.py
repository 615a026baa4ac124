"""What every long operator shares: a timer in a window, a plain loop in background, one code for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy

from ..engine.errors import EngineError
from ..engine.status import JobState
from . import runs

_INTERVAL = 0.05
"""Seconds between two looks at a job; Blender draws in between."""

_BUDGET = 0.03
"""Seconds that a look may take where Blender's own data is read or written."""

_HARMLESS = ("TIMER", "MOUSE", "INBETWEEN", "WHEEL", "TRACKPAD", "MIDDLE", "NDOF", "WINDOW")
"""How the names of events begin that change nothing but the view."""


class LongOperator:
    """Mix into an Operator and give it ``make_run``.

    Pressed in a window it returns at once and goes on by a timer; Esc cancels. Called as a function, or in
    background, it returns when the job has ended.
    """

    report: Callable[[set[str], str], None]  # Operator's own
    _timer: Any = None

    def make_run(self, context: Any) -> runs.Run:
        """Check everything that can be checked and start the job.

        Raises:
            EngineError: it cannot be done; nothing was changed.
        """
        raise NotImplementedError

    def execute(self, context: Any) -> set[str]:
        if not self._begin(context):
            return {"CANCELLED"}
        try:
            while (outcome := runs.step(context)) is None:
                time.sleep(0.01)
        except BaseException:
            runs.abandon("Interrupted.")
            raise
        return self._report(outcome)

    def invoke(self, context: Any, _event: Any) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(self)
        runs.redraw()
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        run = runs.current()
        if event.type == "ESC" and event.value == "PRESS" and run is not None:
            run.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            # Between two slices the result is half written, and an undo step made now would keep that.
            halfway = run is not None and run.is_writing and not event.type.startswith(_HARMLESS)
            return {"RUNNING_MODAL"} if halfway else {"PASS_THROUGH"}
        before = None if run is None else run.status
        try:
            outcome = runs.step(context, _BUDGET)
        except BaseException:
            runs.abandon("MMTalker failed: Blender's console says why. Please report it.")
            self._stop_timer(context)
            raise
        if outcome is None:
            if run is not None and run.status != before:
                runs.redraw()
            return {"PASS_THROUGH"}
        self._stop_timer(context)
        return self._report(outcome)

    def cancel(self, context: Any) -> None:
        """Blender ends the operator itself: its window was closed, or another file is being opened."""
        runs.abandon("The window was closed or another file was opened: the result was discarded.")
        self._stop_timer(context)

    def _begin(self, context: Any) -> bool:
        try:
            run = self.make_run(context)
        except EngineError as error:
            outcome = runs.Outcome(JobState.FAILED, error.message)
            runs.end(outcome)
            self._report(outcome)
            return False
        runs.begin(run)
        return True

    def _report(self, outcome: runs.Outcome) -> set[str]:
        self.report(outcome.report_type, " ".join((outcome.message, *outcome.warnings)))
        return {"FINISHED"} if outcome.state is JobState.DONE else {"CANCELLED"}

    def _stop_timer(self, context: Any) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
