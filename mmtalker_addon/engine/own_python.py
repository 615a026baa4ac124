"""Whether a Python that the user named has what the backend needs; asked beside, so that no panel waits."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .child import NO_WINDOW, child_environment
from .install_plan import MODULES
from .pythons import SUPPORTED_PYTHONS, name_version

_ASK = """
import json, sys
from importlib.util import find_spec
print(json.dumps([list(sys.version_info[:2]), [name for name in sys.argv[1:] if find_spec(name) is None]]))
"""
_ASK_SECONDS = 20.0
_AGAIN_SECONDS = 5.0
"""How long a refusal is remembered: the user may be installing what is missing."""


@dataclass(frozen=True)
class _Answer:
    problem: str
    at: float


class PythonChecks:
    """What is wrong with each Python that was asked about; all methods belong to one thread."""

    def __init__(self) -> None:
        self._answers: dict[Path, _Answer] = {}
        self._asking: dict[Path, threading.Thread] = {}

    def problem(self, python: Path, wait: float = 0.0) -> str:
        """Return why ``python`` cannot run the backend; empty where it can, or where that is not known yet.

        Args:
            python: an interpreter that is there.
            wait: seconds to wait for the answer.
        """
        known = self._answers.get(python)
        if known is None or (known.problem and time.monotonic() - known.at > _AGAIN_SECONDS):
            thread = self._asking.get(python)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self._ask, args=(python,), daemon=True)
                self._asking[python] = thread
                thread.start()
            thread.join(wait)
            known = self._answers.get(python)
        return known.problem if known is not None else ""

    def _ask(self, python: Path) -> None:
        self._answers[python] = _Answer(find_python_problem(python), time.monotonic())


def find_python_problem(python: Path) -> str:
    """Run ``python`` and return why it cannot run the backend, as a sentence; empty where it can."""
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _ASK, *MODULES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=True,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )
        version, missing = json.loads(answer.stdout)
    except subprocess.TimeoutExpired:
        return ""  # a cold disk; what is amiss the worker will say
    except (OSError, ValueError, subprocess.SubprocessError):
        return f"{python} is not a Python that can be run."
    name = name_version(tuple(version))
    if tuple(version) < SUPPORTED_PYTHONS[0]:
        return f"{python} is Python {name}, and MMTalker needs {name_version(SUPPORTED_PYTHONS[0])} or newer."
    if missing:
        return f"{python} (Python {name}) lacks {', '.join(missing)}: install what is missing into it."
    return ""
