"""The worker's result as typed arrays, refused where it is not what was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .errors import EngineCode, EngineError
from .wire import Frame

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class JobResult:
    """A head that speaks.

    Attributes:
        names: K channel names, each once.
        fps: samples per second of audio of ``curves``.
        curves: (frames, K) activations.
        raw: (R, K) activations at ``raw_rate`` Hz before finishing.
        raw_rate: Hz.
        shapes: (K, V, 3) displacements in the head's own units and axes.
        topology: what the head was recognised as.
        confidence: 0..1 of its mapping.
        stats: seconds by stage and other figures.
        warnings: sentences for the user about head, audio and result, in this order, each once.
    """

    names: tuple[str, ...]
    fps: float
    curves: Float32
    raw: Float32
    raw_rate: float
    shapes: Float32
    topology: str = ""
    confidence: float = 1.0
    stats: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_result(head: Frame, audio: Frame, answer: Frame, *, vertex_count: int, frames: int) -> JobResult:
    """Check the answers to ``head``, ``audio`` and ``generate`` and put them together.

    Raises:
        EngineError: ``BAD_RESULT``, with what does not fit.
    """
    names = answer.fields.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise _bad("the channels have no names")
    if not names or len(set(names)) != len(names):
        raise _bad("the channels' names are missing or not unique")
    count = len(names)
    return JobResult(
        names=tuple(names),
        fps=_positive(answer, "fps"),
        curves=_array(answer, "curves", (frames, count)),
        raw=_array(answer, "raw", (None, count)),
        raw_rate=_positive(answer, "raw_rate"),
        shapes=_array(answer, "shapes", (count, vertex_count, 3)),
        topology=str(head.fields.get("topology", "")),
        confidence=_confidence(head.fields.get("confidence")),
        stats=_stats(answer.fields.get("stats")),
        warnings=tuple(dict.fromkeys(_sentences(head) + _sentences(audio) + _sentences(answer))),
    )


def _bad(what: str) -> EngineError:
    return EngineError(
        EngineCode.BAD_RESULT,
        f"MMTalker's backend gave a result that cannot be used: {what}. "
        "Nothing was changed; set the backend up again if this comes back.",
    )


def _array(frame: Frame, name: str, shape: tuple[int | None, ...]) -> Float32:
    array = frame.arrays.get(name)
    if array is None or array.dtype != np.float32:
        raise _bad(f"'{name}' is missing or not float32")
    fits = array.ndim == len(shape) and all(
        want is None or size == want for size, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise _bad(f"'{name}' is {' x '.join(map(str, array.shape))} where {wanted} was due")
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise _bad(f"'{name}' has {bad} values that are not numbers")
    return array


def _positive(frame: Frame, name: str) -> float:
    value = frame.fields.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise _bad(f"'{name}' is {value!r}")
    return float(value)


def _confidence(value: object) -> float:
    return min(max(float(value), 0.0), 1.0) if isinstance(value, (int, float)) else 0.0


def _stats(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    return {str(k): float(v) for k, v in value.items() if isinstance(v, (int, float))}


def _sentences(frame: Frame) -> tuple[str, ...]:
    value = frame.fields.get("warnings")
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
