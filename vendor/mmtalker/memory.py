"""Tells want of memory from other faults, whoever met it first."""

from __future__ import annotations

import errno

_SIGNS = (
    "DefaultCPUAllocator",
    "CUDA out of memory",
    "CUDA error: out of memory",  # from the driver, such as when the context cannot be made
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "allocate memory",  # the system's words, in an import, in torch's or safetensors' mapping of a file
    "failed to map segment",  # the loader's
    "bad_alloc",
    "psf_allocate",  # libsndfile's
    "alloc fails",  # SuperLU's, in scipy
    "can't start new thread",  # for want of room for its stack
)
"""What is said where a library has no error of its own for it."""

_MODEST_BYTES = 256 << 20

_KINDS = (RuntimeError, OSError, ImportError)


def is_out_of_memory(error: BaseException | None) -> bool:
    """True where ``error``, or what it was raised from, means that memory ran out.

    Torch's errors are recognised by name, so that nothing here imports torch.
    """
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
            return True
        speaks = isinstance(error, _KINDS) or type(error).__name__ == "SafetensorError"
        if speaks and any(sign.lower() in str(error).lower() for sign in _SIGNS):
            return True
        error = error.__cause__
    return False


def is_memory_short() -> bool:
    """True where not even a modest block can be had: what fails then in an odd way fails for want of it.

    The block is not touched, so nothing is taken from other programs.
    """
    import numpy as np  # not before it is needed: the command line starts without it

    try:
        np.empty(_MODEST_BYTES, dtype=np.uint8)
    except MemoryError:
        return True
    return False
