"""Principal directions of motion: they rebuild it, on one footing, and leave alone what never moves."""

from __future__ import annotations

import torch

from lab.training.directions import principal_directions


def motion(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, 5) activations, the last never used and the fourth moving no point, and their (5, P, 3) shapes."""
    generator = torch.Generator().manual_seed(seed)
    activations = torch.rand(200, 5, generator=generator) * torch.tensor([1.0, 0.3, 0.2, 0.5, 0.0])
    shapes = torch.randn(5, 40, 3, generator=generator)
    shapes[3] = 0.0
    return activations, shapes


def test_the_motion_is_a_combination_of_directions_of_unit_size() -> None:
    activations, shapes = motion()

    rows = principal_directions(activations, shapes)
    coefficients = activations @ torch.linalg.pinv(rows)

    assert torch.allclose(coefficients @ rows, activations, atol=1e-4)
    second = coefficients.T @ coefficients / len(coefficients)
    assert torch.allclose(second[:4, :4], torch.eye(4), atol=1e-3)


def test_directions_come_by_the_size_of_their_displacement() -> None:
    activations, shapes = motion()

    rows = principal_directions(activations, shapes)
    size = torch.einsum("ik,kpc->ipc", rows, shapes).square().sum(dim=(1, 2))

    assert (size.diff() <= 1e-6).all()


def test_what_never_moves_is_in_no_direction() -> None:
    activations, shapes = motion()

    rows = principal_directions(activations, shapes)

    assert not rows[:, 4].any()
    assert rows[:, :4].abs().sum(dim=0).gt(0.0).all()
    assert not rows[4].any()
