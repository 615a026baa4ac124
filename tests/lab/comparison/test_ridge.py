"""The ridge regression: it solves its normal equations, each channel on the speech that knows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the ridge reads batches of tensors")

import torch

from lab.baselines import ridge
from lab.baselines.base import displacement
from lab.training.config import TrainConfig
from tests.lab.comparison.constructed import CHANNELS, SHAPES, Constructed, speech, take

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ridge, "BATCHES", 30)
    monkeypatch.setattr(ridge, "VALIDATION_BATCHES", 3)


def test_the_weights_minimise_squared_error_and_penalty() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.cat([torch.randn(200, 5, generator=generator), torch.ones(200, 1)], dim=1)
    y = x[:, :2] * 3.0 + 7.0 + torch.randn(200, 2, generator=generator)

    weights = ridge.solve(x.T @ x, x.T @ y, 20.0).double()

    # The gradient is nothing, and the constant pays no penalty.
    gradient = x.T.double() @ (x.double() @ weights - y) + 20.0 * weights * torch.tensor(
        [[1.0]] * 5 + [[0.0]]
    )
    assert gradient.abs().max() < 1e-3
    assert torch.allclose(ridge.solve(x.T @ x, x.T @ y, 1e9)[-1], y.mean(dim=0), atol=1e-2)


def test_it_learns_a_made_up_motion_and_is_read_again_from_its_file(tmp_path: Path) -> None:
    out = tmp_path / "ridge.npz"
    fitted = ridge.fit_ridge(Constructed(), SHAPES, TrainConfig(), out, CPU)
    features, curves = speech(np.random.default_rng(9), 50)
    truth = displacement(curves, SHAPES)

    made = fitted.predict(take(features))

    assert ((made - truth) ** 2).mean() < 0.3 * (truth**2).mean()
    again = ridge.fit_ridge(Constructed(), SHAPES, TrainConfig(), out, CPU)
    assert np.array_equal(again.predict(take(features)), made)
    assert fitted.penalty in ridge.PENALTIES


def test_a_channel_is_fitted_where_it_is_known_alone(tmp_path: Path) -> None:
    def fit(known_first: int, name: str) -> ridge.Ridge:
        return ridge.fit_ridge(
            Constructed(known_first=known_first), SHAPES, TrainConfig(), tmp_path / name, CPU
        )

    features, curves = speech(np.random.default_rng(9), 50)
    # Half of the windows have nothing but zeros in the last channel, and do not know it.
    half = fit(CHANNELS - 1, "half.npz").curves(features)
    assert np.abs(half - curves).mean(axis=0)[-1] < 0.1
    assert 0.8 < half[:, -1].std() / fit(CHANNELS, "all.npz").curves(features)[:, -1].std() < 1.25


def test_the_ends_of_a_recording_are_repeated() -> None:
    row = torch.arange(4.0).reshape(1, 4, 1)
    assert ridge.in_context(row, (-2, 0, 1))[0].tolist() == [[0, 0, 1], [0, 1, 2], [0, 2, 3], [1, 3, 3]]
