"""What training minimises: each term in centimetres or activations, weighted in the configuration."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

CLOSURE_REACH = 0.12
"""Centimetres of lip gap below which closing counts most."""

CLOSURE_EMPHASIS = 6.0

SHAPE_SCALE = 0.1
"""Centimetres beyond which a shape key's error counts no more than in proportion to it."""


def robust(difference: Tensor, scale: float) -> Tensor:
    """Pseudo-Huber norm over the last axis: squared below ``scale``, linear above."""
    return scale * (torch.sqrt((difference**2).sum(dim=-1) / scale**2 + 1.0) - 1.0)


def shape_loss(predicted: Tensor, truth: Tensor, use: Tensor) -> Tensor:
    """Distance of shape keys at sampled points.

    Args:
        predicted, truth: (K, P, 3) cm.
        use: (K,) how much each counts.
    """
    return (robust(predicted - truth, SHAPE_SCALE).mean(dim=1) * use).sum() / use.sum()


def displacement_loss(predicted: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Mean squared displacement error, (B, T, P, 3) cm, with (P,) weights."""
    return (((predicted - truth) ** 2).sum(dim=-1) * weight).mean() / weight.mean()


def largest_error(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean over frames of the largest squared error among (B, T, P, 3) points, cm²: what LVE measures."""
    return ((predicted - truth) ** 2).sum(dim=-1).amax(dim=-1).mean()


def velocity_loss(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of the (B, T, P, 3) points' way from frame to frame, cm²."""
    return ((predicted.diff(dim=1) - truth.diff(dim=1)) ** 2).sum(dim=-1).mean()


def facing_gap(displacement: Tensor) -> Tensor:
    """(..., 2 G, 3) displacement of facing points -> (..., G) change of their gap."""
    upper, lower = displacement[..., 1].chunk(2, dim=-1)
    return upper - lower


def across(displacement: Tensor) -> Tensor:
    """(..., 2 G, 3) displacement of facing points -> (...) change of the width from first to last, cm."""
    count = displacement.shape[-2] // 2
    last, first = displacement[..., [count - 1, -1], 0], displacement[..., [0, count], 0]
    return (last - first).mean(dim=-1)


def contact_loss(predicted: Tensor, truth: Tensor, rest: Tensor) -> Tensor:
    """Squared error of the gap between lips, counted most where the true ones come together.

    Args:
        predicted, truth: (B, T, G) change of the gap at G places along them, cm.
        rest: (G,) gap of the head at rest, cm.
    """
    opening = (truth + rest).clamp_min(0.0)
    emphasis = 1.0 + CLOSURE_EMPHASIS * torch.exp(-opening / CLOSURE_REACH)
    return (emphasis * (predicted - truth) ** 2).mean()


def closure_loss(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of the gap between lids, (B, T, G) cm.

    All frames count alike: nobody hears a blink, and where closed lids count more the eye is half shut.
    """
    return ((predicted - truth) ** 2).mean()


def phone_loss(logits: Tensor, phones: Tensor) -> Tensor:
    """Cross-entropy of articulatory features that every member tells.

    Args:
        logits: (B, R, T, F).
        phones: (B, T, F) in 0..1; NaN where nobody knows what is said.
    """
    known = phones.isfinite().all(dim=-1)
    known_phones = logits.transpose(1, 2)[known].float()
    if not len(known_phones):
        return logits.sum() * 0.0
    truth = phones[known][:, None].expand_as(known_phones)
    return binary_cross_entropy_with_logits(known_phones, truth)


def roughness_loss(change: Tensor) -> Tensor:
    """Mean squared second difference of a grid over the chart, (1, C, R, R): noise costs more than bends."""
    along, across = change.diff(n=2, dim=2), change.diff(n=2, dim=3)
    return (along**2).mean() + (across**2).mean()
