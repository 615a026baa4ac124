"""Running the network: a head's shape keys in chunks, and speech of any length in windows that join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.model.config import SILENCE
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import FactorisedRegression
from mmtalker.progress import Progress, silent

Float32 = NDArray[np.float32]

POINTS_AT_ONCE = 8192

WINDOW = 800
"""Frames fused at once, 16 s: memory does not grow with the clip."""

OVERLAP = 100
"""Frames that neighbouring windows share; the readers' convolutions reach 31 frames to each side."""

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


@dataclass(frozen=True)
class SpeechFeatures:
    """What the network keeps of speech until it meets a head: a fifth of the encoder's layers.

    Attributes:
        frames: T, at 50 Hz.
        local: (R, N, d) float16 per frame, window after window; neighbours share ``OVERLAP`` frames.
        whole: (W, R, d) per window.
        voice: (T,) how probable it is that somebody speaks.
    """

    frames: int
    local: NDArray[np.float16]
    whole: Float32
    voice: Float32


def in_windows(
    chunks: Iterable[NDArray[np.floating[Any]]], frames: int
) -> Iterator[NDArray[np.floating[Any]]]:
    """Put (n, L, D) chunks together to windows of a clip of ``frames``, each given as soon as it is full."""
    cut = windows(frames)
    held: list[NDArray[np.floating[Any]]] = []
    first = number = 0
    for chunk in chunks:
        held.append(chunk)
        while number < len(cut) and first + sum(map(len, held)) >= cut[number][1]:
            start, stop = cut[number]
            joined = held[0] if len(held) == 1 else np.concatenate(held)
            yield joined[start - first : stop - first]
            held, first, number = [joined[start - first :]], start, number + 1


@torch.inference_mode()
def extract_features(
    network: MMTalkerNetwork, chunks: Iterable[NDArray[np.floating[Any]]], frames: int
) -> SpeechFeatures:
    """Extract features of encoded speech, chunk by chunk: its layers never are in memory for a whole clip.

    Args:
        network: that extracts.
        chunks: (n, L, D) features, one after another.
        frames: how many there are in all.
    """
    cut, filled = windows(frames), 0
    # Filled in place: windows that are joined afterwards would be in memory twice.
    shape = (network.config.members, sum(stop - start for start, stop in cut), network.config.width)
    local = np.empty(shape, dtype=np.float16)
    whole = []
    voice = np.zeros(frames, dtype=np.float32)
    for (start, stop), features in zip(cut, in_windows(chunks, frames), strict=True):
        # Rounded as the features of training are.
        rounded = features.astype(np.float16).astype(np.float32)
        made = network.speech(torch.from_numpy(rounded).to(network.speech.mean)[None])
        silence = torch.sigmoid(network.phones(made[0][0]).mean(dim=0)[:, SILENCE])
        first = start + OVERLAP // 2 if start else 0  # the older window knows better what it had more before
        voice[first:stop] = 1.0 - silence[first - start :].cpu().numpy()
        local[:, filled : filled + stop - start] = made[0][0].half().cpu().numpy()
        filled += stop - start
        whole.append(made[1][0].cpu().numpy())
    return SpeechFeatures(frames, local, np.stack(whole), voice)


@torch.inference_mode()
def predict_activations(
    network: MMTalkerNetwork,
    head: SampledHead,
    sample_shapes: Float32,
    speech: SpeechFeatures,
    progress: Progress = silent,
    style: torch.Tensor | None = None,
) -> Float32:
    """Return the activations (T, K) of a head for speech.

    Args:
        network: that predicts.
        head: who speaks.
        sample_shapes: (K, S, 3) its shape keys at the samples, cm.
        speech: its features.
        progress: told about windows.
        style: (1, style_width); None for the default.
    """
    assert isinstance(network.regression, FactorisedRegression), "the joint form has no activations"
    result = np.zeros((speech.frames, network.config.channels), dtype=np.float32)
    shapes = torch.from_numpy(sample_shapes).to(head.static)
    rise = (np.arange(FADE, dtype=np.float32)[:, None] + 1.0) / (FADE + 1.0)
    skip = (OVERLAP - FADE) // 2
    read = 0
    for (start, stop), whole in zip(windows(speech.frames), speech.whole, strict=True):
        past = head.still()
        if start > 1:
            before, just_before = torch.from_numpy(result[start - 2 : start]).to(shapes)[:, None]
            past = past_motion(shapes, before, just_before)
        local = speech.local[:, read : read + stop - start]
        spoken, clip = (torch.from_numpy(values)[None].to(shapes) for values in (local, whole))
        motion = network.fuse(head, spoken, clip, past, style)
        made = network.regression.activations(motion)[0].cpu().numpy()
        read += stop - start
        if start == 0:
            result[start:stop] = made
        else:
            fade = slice(start + skip, start + skip + FADE)
            result[fade] = result[fade] * (1.0 - rise) + made[skip : skip + FADE] * rise
            result[fade.stop : stop] = made[skip + FADE :]
        progress("fusion", stop / speech.frames)
    return result


def fuse(
    network: MMTalkerNetwork,
    head: SampledHead,
    sample_shapes: Float32,
    features: NDArray[np.float16],
    progress: Progress = silent,
    style: torch.Tensor | None = None,
) -> Float32:
    """Return the activations (T, K) for (T, L, D) encoded speech at 50 Hz."""
    speech = extract_features(network, [features], len(features))
    return predict_activations(network, head, sample_shapes, speech, progress, style)
