"""The worker must not outlive the program that started it, whatever it is in the middle of.

The end of standard input tells the end of the client. It does not come where another process has inherited
the client's end of the pipe, so the client's process is watched as well. On Linux the kernel does it too:
while native code keeps the interpreter to itself, no thread of ours could.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

PARENT_VARIABLE = "MMTALKER_PARENT"
"""``PID process`` or ``PID thread``: who started the worker, and whether from its main thread."""

_LOOK_EVERY_S = 0.5
_PR_SET_PDEATHSIG = 1
_SYNCHRONIZE, _INFINITE = 0x00100000, 0xFFFFFFFF


def watch_parent(on_end: Callable[[], None]) -> None:
    """Call ``on_end`` from a thread once the parent has ended; on Linux the kernel is quicker, by SIGKILL.

    Nothing is watched where nobody said who the parent is, such as in a terminal.
    """
    words = os.environ.pop(PARENT_VARIABLE, "").split()
    if len(words) != 2 or not words[0].isdigit():
        return
    parent = int(words[0])
    if sys.platform == "linux" and words[1] == "process" and os.getppid() == parent:
        # Sent at the end of the thread that started us: only the main thread lives as long as its process.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        _wait_for_end(parent)
        on_end()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _wait_for_end(process: int) -> None:
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
        if handle:
            kernel.WaitForSingleObject(handle, _INFINITE)
        return
    # A dead parent that nobody has reaped keeps its number, but its children get another parent at once.
    # Where a script stands between, the number is all there is.
    own = os.getppid() == process
    while os.getppid() == process if own else _exists(process):
        time.sleep(_LOOK_EVERY_S)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
