"""What the worker and the command line need of the pipeline, so that nothing is imported before its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Mesh

if TYPE_CHECKING:
    from mmtalker.mapping.types import HeadMapping
    from mmtalker.pipeline import AnimateOptions, PreparedHead, PreparedSpeech, Talker
    from mmtalker.speech.audio import Audio

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Backend:
    """A talker, and how the things around it are made.

    Attributes:
        talker: the pipeline, on one device.
        map_head: says where a head's vertices lie; takes the mesh, ``corrections`` and ``hints``.
        map_fingerprint: changes whenever the same head could be mapped otherwise.
        restore_mapping: builds a mapping from the arrays that it gave for keeping.
        restore_head: builds a prepared head from its mesh and the arrays that it gave for keeping.
        restore_speech: the same for prepared speech.
        load_audio: decodes a file, or the bytes of one; takes ``start``, ``duration``,
            ``name`` and ``progress``.
        read_options: checks the ``options`` of a request; what is not given has its default.
        raw_rate: rate of the model's own curves, Hz.
    """

    talker: Talker
    map_head: Callable[..., HeadMapping]
    map_fingerprint: Callable[[], str]
    restore_mapping: Callable[[dict[str, NDArray[Any]]], HeadMapping]
    restore_head: Callable[[Mesh, dict[str, NDArray[Any]]], PreparedHead]
    restore_speech: Callable[[dict[str, NDArray[Any]]], PreparedSpeech]
    load_audio: Callable[..., Audio]
    read_options: Callable[[dict[str, Any]], AnimateOptions]
    raw_rate: float


BackendFactory = Callable[[str], Backend]
"""Makes a backend for a device: ``auto``, ``cpu`` or ``cuda``."""


def load_backend(device: str, weights: Path | None = None) -> Backend:
    """Import the real pipeline, torch included, and make a talker that has loaded no weights yet.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        weights: folder of a trained model; None for the shipped one.

    Raises:
        MMTalkerError: ``DEVICE_UNAVAILABLE``.
    """
    # Only now: the worker greets before it loads torch.
    from mmtalker.mapping.map_head import map_head
    from mmtalker.mapping.types import HeadMapping
    from mmtalker.mapping.weights import mapping_fingerprint
    from mmtalker.pipeline import RAW_RATE, AnimateOptions, PreparedHead, PreparedSpeech, Talker
    from mmtalker.speech.audio import load_audio

    return Backend(
        Talker(device=device, weights=weights),
        map_head,
        mapping_fingerprint,
        HeadMapping.from_arrays,
        PreparedHead.from_arrays,
        PreparedSpeech.from_arrays,
        load_audio,
        AnimateOptions.from_json,
        RAW_RATE,
    )


def total_bytes(arrays: Arrays) -> int:
    """Return the memory that ``arrays`` take."""
    return sum(np.asarray(array).nbytes for array in arrays.values())
