"""The real worker on a stand-in for the model, which does one thing wrong, once: ``STAGE FAULT MARK``.

Once the file MARK is there, the fault has been made, and the next start is a good worker.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

if __name__ == "__main__":
    # The tests' sound is at 16 kHz, and SciPy's filters take longer to import than all the rest.
    _resample = ModuleType("mmtalker.speech.resample")
    _resample.resample_blocks = lambda blocks, rate_in, rate_out: blocks  # type: ignore[attr-defined]
    sys.modules[_resample.__name__] = _resample

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.worker import process
from mmtalker.worker.backend import Backend
from mmtalker.worker.wire import MAGIC
from tests.worker.stub_backend import StubTalker, stub_backend

STAGES = ("hello", "head", "audio", "generate")


class OutOfMemoryError(RuntimeError):
    """Named as torch's own."""


class Pipe:
    """The descriptor that the worker answers on, to write to behind its back."""

    descriptor = -1


def _die(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def _fail(error: BaseException) -> Callable[[], None]:
    def fail() -> NoReturn:
        raise error

    return fail


def _say(*parts: bytes, leave: int | None = None) -> Callable[[], None]:
    def say() -> None:
        for part in parts:
            os.write(Pipe.descriptor, part)
        if leave is not None:
            os._exit(leave)

    return say


def _frame(header: str, body: bytes = b"") -> bytes:
    return MAGIC + len(header).to_bytes(4, "little") + header.encode() + body


def _stop_and_go_on() -> None:
    script = f"import os, time; time.sleep(0.3); os.kill({os.getpid()}, {signal.SIGCONT.value})"
    subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.kill(os.getpid(), signal.SIGSTOP)


def _leave_a_child() -> None:
    script = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(script, pass_fds=[Pipe.descriptor])
    os._exit(3)


def _traceback() -> None:
    sys.stderr.write(
        'Traceback (most recent call last):\n  File "x.py", line 1\nImportError: no such library\n\n'
    )
    sys.stderr.flush()
    os._exit(1)


def _starve() -> None:
    """Take the room to breathe, then ask for a gigabyte."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = pages * resource.getpagesize() + (64 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    try:
        np.ones(1 << 27)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _small_files() -> None:
    """As on a full disk: whatever is written from now on ends after a few bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))


def _under(error: BaseException) -> MMTalkerError:
    failure = MMTalkerError(ErrorCode.WEIGHTS_MISSING, "The weights cannot be used. Reinstall MMTalker.")
    failure.__cause__ = error
    return failure


FAULTS: dict[str, Callable[[], None]] = {
    "killed": _die(signal.SIGKILL),
    "terminated": _die(signal.SIGTERM),
    "segmentation fault": _die(signal.SIGSEGV),
    "aborted": os.abort,
    "bus error": _die(signal.SIGBUS),
    "exit 0": lambda: os._exit(0),
    "exit 1 with a traceback": _traceback,
    "exit 120": lambda: os._exit(120),
    "stopped": _die(signal.SIGSTOP),
    "stopped for a moment": _stop_and_go_on,
    "holds the interpreter": lambda: ctypes.PyDLL(None).sleep(600),
    "leaves a child with its output": _leave_a_child,
    "closes its output": lambda: os.close(Pipe.descriptor),
    "words": _say(b"Loading checkpoint shards: 100%\n"),
    "zeros": _say(bytes(64)),
    "noise": _say(bytes(range(255, 127, -1)) * 4),
    "half a magic": _say(MAGIC[:2], leave=1),
    "huge header": _say(MAGIC + b"\xff\xff\xff\xff"),
    "half a header": _say(MAGIC + (80).to_bytes(4, "little") + b'{"type": "res', leave=1),
    "header of no JSON": _say(_frame("{nothing}")),
    "header of a list": _say(_frame("[1, 2]")),
    "header of brackets": _say(_frame("[" * 5000)),
    "header of surrogates": _say(MAGIC + (4).to_bytes(4, "little") + b"\xed\xa0\x80}"),
    "no type": _say(_frame('{"id": 1}')),
    "a number of text": _say(_frame('{"type": "progress", "id": "one"}')),
    "array of objects": _say(
        _frame('{"type": "x", "id": 9, "arrays": [{"name": "a", "dtype": "|O", "shape": [1]}]}', bytes(8))
    ),
    "array of less than nothing": _say(
        _frame('{"type": "x", "id": 9, "arrays": [{"name": "a", "dtype": "<f4", "shape": [-4]}]}')
    ),
    "array of 8 TB": _say(
        _frame('{"type": "x", "id": 9, "arrays": [{"name": "a", "dtype": "<f8", "shape": [1000000000000]}]}')
    ),
    "half an array": _say(
        _frame(
            '{"type": "x", "id": 9, "arrays": [{"name": "a", "dtype": "<f8", "shape": [100]}]}', bytes(99)
        ),
        leave=1,
    ),
    "an answer to nobody": _say(_frame('{"type": "result", "id": 9999}')),
    "progress to nobody": _say(_frame('{"type": "progress", "id": 9999, "fraction": 7, "stage": 3}')),
    "MemoryError": _fail(MemoryError()),
    "torch's memory": _fail(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")),
    "CUDA's memory": _fail(OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")),
    "a library's memory": _fail(ImportError("libx.so: failed to map segment from shared object", name="x")),
    "the system's memory": _fail(OSError(errno.ENOMEM, "Cannot allocate memory")),
    "memory under the weights": _fail(_under(MemoryError())),
    "memory under a file": _fail(_under(OSError(errno.ENOMEM, "Cannot allocate memory"))),
    "no memory": _starve,
    "disk full": _fail(OSError(errno.ENOSPC, "No space left on device", "/somewhere/file")),
    "quota": _fail(OSError(errno.EDQUOT, "Disk quota exceeded", "/somewhere/file")),
    "files cannot grow": _small_files,
    "a bug": _fail(ZeroDivisionError("division by zero")),
    "recursion": _fail(RecursionError("maximum recursion depth exceeded")),
    "weights gone": _fail(MMTalkerError(ErrorCode.WEIGHTS_MISSING, "There are no weights. Run set-up.")),
}


class FaultyTalker(StubTalker):
    """Makes the fault before it does what it should."""

    def __init__(self, fault: Callable[[str], None]) -> None:
        super().__init__()
        self._fault = fault

    def prepare_head(self, *arguments: Any) -> Any:
        self._fault("head")
        return super().prepare_head(*arguments)

    def prepare_speech(self, *arguments: Any) -> Any:
        self._fault("audio")
        return super().prepare_speech(*arguments)

    def animate(self, *arguments: Any, **options: Any) -> Any:
        self._fault("generate")
        return super().animate(*arguments, **options)


def main(stage: str, fault: str, mark: Path) -> NoReturn:
    duplicate = os.dup

    def remember(descriptor: int) -> int:
        made = duplicate(descriptor)
        if descriptor == 1:
            Pipe.descriptor = made
        return made

    def make_fault(here: str) -> None:
        if here == stage and not mark.exists():
            mark.touch()
            time.sleep(0.05)  # what was sent before is on its way
            FAULTS[fault]()

    def load(_device: str) -> Backend:
        make_fault("hello")
        return stub_backend(FaultyTalker(make_fault))

    os.dup = remember
    process.serve_stdio(load, last_step_s=0.2)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
