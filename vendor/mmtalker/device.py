"""Which device the model runs on."""

from __future__ import annotations

import torch

from mmtalker.errors import ErrorCode, MMTalkerError


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Raises:
        MMTalkerError: DEVICE_UNAVAILABLE when CUDA is asked for and cannot be used.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise MMTalkerError(
            ErrorCode.DEVICE_UNAVAILABLE,
            "CUDA was asked for, but PyTorch finds no usable NVIDIA GPU. Choose the device 'auto' or 'cpu', "
            "or install the CUDA runtime and a current driver.",
        )
    return torch.device("cuda" if available and name in ("auto", "cuda") else "cpu")
