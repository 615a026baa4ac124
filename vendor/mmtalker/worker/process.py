"""The worker as a process of its own: its pipes, its log and its end."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
from typing import NoReturn

from mmtalker.worker.backend import BackendFactory, load_backend
from mmtalker.worker.parent import watch_parent
from mmtalker.worker.server import Server


def serve_stdio(load: BackendFactory = load_backend, last_step_s: float = 4.0) -> NoReturn:
    """Serve frames over descriptors 0 and 1, then end the process.

    The two pipes are moved to private descriptors before anything heavy is imported. Descriptor 1 becomes
    standard error, so that a library's print cannot corrupt a frame. Descriptor 0 becomes the null device: on
    Windows a native library that looks at standard input while it loads would wait for the thread that is
    reading from it (numpy issue 24290).

    Args:
        load: makes the backend at ``hello``.
        last_step_s: how long a job may go on after the client is gone, until it looks at its cancellation.
    """
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    sys.stdout.flush()
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Ctrl-C in the terminal that Blender was started from reaches its children too; the pipe ends a worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Server(requests, answers, load, on_end=lambda status: _leave_after(last_step_s, status))
    watch_parent(server.close)
    status = server.serve()
    # The reading thread may be blocked in its pipe for good: an orderly interpreter exit would wait for it.
    _leave(status)


def _leave_after(seconds: float, status: int) -> None:
    """Do not outlive the client by much, whatever the main thread is in the middle of."""
    timer = threading.Timer(seconds, _leave, [status])
    timer.daemon = True
    timer.start()


def _leave(status: int) -> NoReturn:
    logging.shutdown()
    os._exit(status)
