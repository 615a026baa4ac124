"""How numerical libraries are to share the processor with Blender; read by them when they are loaded."""

from __future__ import annotations

import os

POLITE = {
    # A thread that waits for another sleeps. By default it spins, and while anything else keeps one of the
    # cores busy, two threads then take seven times as long as one.
    "OMP_WAIT_POLICY": "PASSIVE",
    # SciPy's factorisations multiply thousands of tiny matrices: threads for these cost more than they bring.
    "OPENBLAS_NUM_THREADS": "1",
}
"""Environment variables of OpenMP, which torch uses, and of OpenBLAS, which NumPy and SciPy use."""


def share_processor() -> None:
    """Set :data:`POLITE` where the user has not set it; before numpy or torch are imported."""
    for name, value in POLITE.items():
        os.environ.setdefault(name, value)
