"""Want of memory is told from other faults, in whatever words a library says it."""

from __future__ import annotations

import errno

import pytest

from mmtalker.memory import is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("SUPERLU_MALLOC fails for buf in intMalloc() at line 174 in file superlu/memory.c"),
        RuntimeError("Malloc fails for local info_ptr[]."),
    ],
)
def test_it_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_it_is_recognised_behind_another_error() -> None:
    outer = ValueError("The head cannot be smoothed.")
    outer.__cause__ = MemoryError()
    assert is_out_of_memory(outer)


@pytest.mark.parametrize(
    "error", [None, RuntimeError("Factor is exactly singular"), OSError("No space left")]
)
def test_other_faults_are_not(error: Exception | None) -> None:
    assert not is_out_of_memory(error)
