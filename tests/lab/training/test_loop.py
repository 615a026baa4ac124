"""The running average and the learning rate, which all training shares."""

from __future__ import annotations

import pytest
import torch
from torch.nn import BatchNorm1d

from lab.training.loop import follow, learning_rate_factor


def test_the_average_follows_weights_and_what_normalisation_has_seen() -> None:
    slow, fast = BatchNorm1d(2), BatchNorm1d(2)
    torch.nn.init.constant_(fast.weight, 3.0)
    fast(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))  # running means 0.2 and 0.4
    follow(slow, fast, 0.75)
    torch.testing.assert_close(slow.weight.detach(), torch.tensor([1.5, 1.5]))
    torch.testing.assert_close(slow.running_mean, torch.tensor([0.05, 0.1]))
    assert slow.num_batches_tracked == fast.num_batches_tracked == 1


def test_the_rate_rises_over_the_warm_up_and_falls_to_a_hundredth() -> None:
    rates = [learning_rate_factor(step, 1000, warm_up=10) for step in range(1000)]
    assert rates[0] == pytest.approx(0.1)
    assert rates.index(max(rates)) == 9
    assert rates[500] == pytest.approx(0.505)
    assert rates[-1] == pytest.approx(0.01, abs=1e-4)
    assert learning_rate_factor(49, 1000) == pytest.approx(0.5, abs=0.01)
