"""The worker's frame codec, loaded by its path from ``vendor`` so that the format has one source."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .paths import find_vendor


def _load(path: Path) -> ModuleType:
    name = f"{__package__}._shipped_wire"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from mmtalker.worker.wire import (
        PROTOCOL_VERSION,
        Array,
        Frame,
        WireError,
        encode_frame,
        read_frame,
        write_parts,
    )
else:
    _wire = _load(find_vendor() / "mmtalker" / "worker" / "wire.py")
    PROTOCOL_VERSION = _wire.PROTOCOL_VERSION
    Array = _wire.Array
    Frame = _wire.Frame
    WireError = _wire.WireError
    encode_frame = _wire.encode_frame
    read_frame = _wire.read_frame
    write_parts = _wire.write_parts

__all__ = [
    "PROTOCOL_VERSION",
    "Array",
    "Frame",
    "WireError",
    "encode_frame",
    "read_frame",
    "write_parts",
]
