"""What is read from a worker's end and its log."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mmtalker_addon.engine.ending import describe_end, is_short_of_memory, last_error

TRACE = (
    "2026-01-01 10:00:00,000 INFO mmtalker: ready",
    "Traceback (most recent call last):",
    '  File "a.py", line 3, in <module>',
)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((*TRACE, "KeyError: 'x'", ""), "KeyError: 'x'"),
        (
            (*TRACE, "safetensors_rust.SafetensorError: bad header"),
            "safetensors_rust.SafetensorError: bad header",
        ),
        (("Fatal Python error: Segmentation fault", "Thread 0x1:", "  File 'a.py'"), "Fatal Python error"),
        (("2026-01-01 10:00:00,000 ERROR mmtalker: a broken frame",), "a broken frame"),
        (("a library's last words",), "a library's last words"),
        (("2026-01-01 10:00:00,000 INFO mmtalker: ready",), ""),
        ((), ""),
        (("ValueError: " + "x" * 9000,), "ValueError: xxx"),
    ],
)
def test_the_line_that_tells_most_is_found(lines: tuple[str, ...], told: str) -> None:
    found = last_error(lines)
    assert told in found and bool(found) == bool(told)
    assert len(found) <= 200


@pytest.mark.parametrize(
    "line",
    [
        "MemoryError",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "RuntimeError: DefaultCPUAllocator: can't allocate memory: 9 bytes",
        "ImportError: libtorch_cpu.so: failed to map segment from shared object",
        "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.",
        "OSError: [Errno 12] Cannot allocate memory",
    ],
)
def test_want_of_memory_is_told_apart(line: str) -> None:
    code, words = describe_end(1, (*TRACE, line))
    assert code == "out_of_memory" and "memory ran out" in words


def test_windows_says_want_of_memory_by_a_status() -> None:
    assert describe_end(0xC0000017, ())[0] == "out_of_memory"
    assert describe_end(0xC0000005, ())[1] == "crashed with status 0xC0000005"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_kill_of_the_system_is_want_of_memory_and_another_signal_is_not() -> None:
    assert describe_end(-9, ())[0] == "out_of_memory"
    code, words = describe_end(-11, ("Fatal Python error: Segmentation fault",))
    assert code == "worker_stopped" and "SIGSEGV" in words


@pytest.mark.skipif(not os.path.exists("/proc/self/limits"), reason="limits are read as on Linux")  # noqa: PTH110
def test_a_process_at_its_limit_is_short_of_memory_and_this_one_is_not() -> None:
    assert not is_short_of_memory(os.getpid())
    script = (
        "import mmap, resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28,) * 2)\n"
        "blocks = []\n"
        "try:\n    while True: blocks.append(mmap.mmap(-1, 1 << 20))\n"
        "except (OSError, MemoryError): print('full', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == b"full"
        assert is_short_of_memory(process.pid)
        process.kill()
    assert not is_short_of_memory(process.pid)
