"""Running the network: a head's shape keys in chunks, and speech of any length in windows that join."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.progress import Progress, silent

Float32 = NDArray[np.float32]

POINTS_AT_ONCE = 8192

WINDOW = 800
"""Frames fused at once, 16 s: memory does not grow with the clip."""

OVERLAP = 100
"""Frames that neighbouring windows share; the temporal blocks reach 31 frames to each side."""

FADE = 20
"""Frames in the middle of the overlap over which one window gives way to the next."""


@torch.inference_mode()
def evaluate_shapes(
    network: MMTalkerNetwork, head: SampledHead, uv: Float32, point: Float32, progress: Progress = silent
) -> Float32:
    """Evaluate Φ (K, P, 3) in centimetres at any number of chart points; see :meth:`shapes`."""
    result = np.empty((network.config.channels, len(uv), 3), dtype=np.float32)
    for start in range(0, len(uv), POINTS_AT_ONCE):
        part = slice(start, start + POINTS_AT_ONCE)
        places, points = (torch.from_numpy(values[part]).to(head.static) for values in (uv, point))
        result[:, part] = network.shapes(head, places, points).cpu().numpy()
        progress("shapes", min(1.0, (start + POINTS_AT_ONCE) / len(uv)))
    return result


def past_motion(sample_shapes: torch.Tensor, before: torch.Tensor, just_before: torch.Tensor) -> torch.Tensor:
    """Return what the geometry stream sees of the frames already there.

    Args:
        sample_shapes: (K, S, 3) shape keys at the samples, cm.
        before, just_before: (B, K) activations two frames and one frame before the window.

    Returns:
        (B, S, 6) displacement and velocity (cm a frame).
    """
    displacement = torch.einsum("bk,ksc->bsc", just_before, sample_shapes)
    velocity = torch.einsum("bk,ksc->bsc", just_before - before, sample_shapes)
    return torch.cat([displacement, velocity], dim=-1)


def windows(total: int) -> list[tuple[int, int]]:
    """Cut ``total`` frames into windows of nearly one length, neighbours sharing ``OVERLAP`` frames."""
    if total <= WINDOW:
        return [(0, total)]
    count = -(-(total - OVERLAP) // (WINDOW - OVERLAP))
    bounds = np.linspace(0, total - OVERLAP, count + 1).round().astype(int)
    return [(int(a), int(b) + OVERLAP) for a, b in pairwise(bounds)]


@torch.inference_mode()
def fuse(
    network: MMTalkerNetwork,
    head: SampledHead,
    sample_shapes: Float32,
    features: NDArray[np.float16],
    progress: Progress = silent,
) -> Float32:
    """Return the activations (T, K) for (T, L, D) speech features at 50 Hz."""
    total = len(features)
    result = np.zeros((total, network.config.channels), dtype=np.float32)
    shapes = torch.from_numpy(sample_shapes).to(head.static)
    rise = (np.arange(FADE, dtype=np.float32)[:, None] + 1.0) / (FADE + 1.0)
    skip = (OVERLAP - FADE) // 2
    for start, stop in windows(total):
        past = head.still()
        if start > 1:
            before, just_before = torch.from_numpy(result[start - 2 : start]).to(shapes)[:, None]
            past = past_motion(shapes, before, just_before)
        window = torch.from_numpy(features[start:stop].astype(np.float32)).to(shapes)[None]
        made = network.activations(head, window, past)[0].cpu().numpy()
        if start == 0:
            result[start:stop] = made
        else:
            fade = slice(start + skip, start + skip + FADE)
            result[fade] = result[fade] * (1.0 - rise) + made[skip : skip + FADE] * rise
            result[fade.stop : stop] = made[skip + FADE :]
        progress("fusion", stop / total)
    return result
