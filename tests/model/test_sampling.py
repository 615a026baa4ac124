"""The sampler: its density, its repeatability, and a gradient that really reaches the logits."""

from __future__ import annotations

import pytest
import torch

from mmtalker.model.sampling import TriangleSampler

AREA = torch.tensor([1.0, 2.0, 0.5, 4.0, 1.5])


def expected(sampler: TriangleSampler, value: torch.Tensor) -> torch.Tensor:
    """The exact mean of a value per triangle under the sampler's density."""
    return (sampler.log_probability().exp() * value).sum()


def estimate(sampler: TriangleSampler, value: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """The same mean from drawn samples, as every reader of samples forms it."""
    samples = sampler(count, torch.Generator().manual_seed(seed))
    return (samples.log_weight.exp() * value[samples.triangle]).mean()


def test_with_zero_logits_the_density_is_the_area() -> None:
    sampler = TriangleSampler(AREA)

    samples = sampler(6000, torch.Generator().manual_seed(0))

    share = torch.bincount(samples.triangle, minlength=5) / 6000
    assert torch.allclose(share, AREA / AREA.sum(), atol=2e-3)


def test_a_raised_logit_draws_more_samples_there() -> None:
    sampler = TriangleSampler(AREA)
    before = (sampler(900, torch.Generator().manual_seed(0)).triangle == 2).sum()

    with torch.no_grad():
        sampler.logits[2] += 2.0

    assert (sampler(900, torch.Generator().manual_seed(0)).triangle == 2).sum() > 3 * before


def test_the_gradient_of_the_estimate_is_the_finite_difference_of_the_exact_mean() -> None:
    sampler = TriangleSampler(AREA)
    with torch.no_grad():
        sampler.logits.copy_(torch.tensor([0.3, -0.5, 1.0, 0.0, 0.2]))
    value = torch.tensor([1.0, -2.0, 3.0, 0.5, 2.0])

    estimate(sampler, value, 200_000, seed=1).backward()
    gradient = sampler.logits.grad

    assert gradient is not None
    step = 1e-3
    for index in range(len(AREA)):
        with torch.no_grad():
            sampler.logits[index] += step
            high = expected(sampler, value)
            sampler.logits[index] -= 2 * step
            low = expected(sampler, value)
            sampler.logits[index] += step
        assert gradient[index] == pytest.approx(float(high - low) / (2 * step), abs=5e-3)


def test_descending_that_gradient_moves_samples_to_where_the_value_is_small() -> None:
    sampler = TriangleSampler(AREA)
    value = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])
    optimiser = torch.optim.SGD([sampler.logits], lr=5.0)
    before = float(expected(sampler, value).detach())

    for seed in range(30):
        optimiser.zero_grad()
        estimate(sampler, value, 256, seed).backward()
        optimiser.step()

    assert float(expected(sampler, value).detach()) < 0.5 * before


def test_samples_lie_inside_their_triangles_and_repeat_with_the_seed() -> None:
    sampler = TriangleSampler(AREA)

    first = sampler(300, torch.Generator().manual_seed(7))
    second = sampler(300, torch.Generator().manual_seed(7))

    assert (first.barycentric >= 0).all()
    assert torch.allclose(first.barycentric.sum(dim=1), torch.ones(300))
    assert torch.equal(first.triangle, second.triangle)
    assert torch.equal(first.barycentric, second.barycentric)


def test_triangles_of_no_area_are_never_drawn() -> None:
    sampler = TriangleSampler(torch.tensor([1.0, 0.0, 1.0]))

    samples = sampler(5000, torch.Generator().manual_seed(0))

    assert not (samples.triangle == 1).any()
