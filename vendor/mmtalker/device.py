"""Which device the model runs on, and how finely it counts."""

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


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Turn ``float32``, ``bfloat16`` or ``auto`` into a type for matrix products.

    ``auto`` takes bfloat16 on processors that multiply it (AVX512-BF16, AMX), where it is faster.

    Raises:
        MMTalkerError: BAD_REQUEST for another name.
    """
    if name == "auto":
        able = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32
    if name not in ("float32", "bfloat16"):
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"'{name}' is not a type to count in. Choose 'auto', 'float32' or 'bfloat16'.",
        )
    return torch.bfloat16 if name == "bfloat16" else torch.float32
