"""Data-blocks over time: found again after undo and renaming, where they are, whether to write them now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

OBJECT_MODE_FIRST = "Switch to Object Mode first."


def by_uid(blocks: Iterable[Any], uid: int) -> Any:
    """The data-block with this session number, which outlives undo and renaming; None once it is gone."""
    return next((block for block in blocks if block.session_uid == uid), None)


def world_matrix(obj: Any) -> NDArray[np.float64]:
    """(4, 4) from an object's own space to the world, as Blender evaluated it last."""
    return np.array(obj.matrix_world, dtype=np.float64)


def is_object_mode(context: Any) -> bool:
    return context.mode in {"OBJECT", "POSE"}


def wait_reason(context: Any, what: str) -> str:
    """Why a result may not be written just now; empty where it may.

    Other modes have an undo of their own, where what is made would be lost or not undone. A render reads
    the data from another thread.

    Args:
        context: Blender's.
        what: what is ready, such as "The speech".
    """
    if bpy.app.is_job_running("RENDER"):
        return f"{what} is ready and waits for the render to end"
    return "" if is_object_mode(context) else f"{what} is ready and waits for Object Mode"
