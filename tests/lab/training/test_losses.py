"""Losses: lips count most where they come near, phones where they are known."""

from __future__ import annotations

import pytest
import torch

from lab.training.losses import contact_loss, phone_loss

REST = torch.zeros(1)


def loss(predicted: float, truth: float) -> float:
    return float(contact_loss(torch.full((1, 1, 1), predicted), torch.full((1, 1, 1), truth), REST))


def test_lips_that_are_apart_err_on_both_sides_alike_and_most_where_they_are_near() -> None:
    assert loss(0.6, 0.5) == pytest.approx(loss(0.4, 0.5))
    assert loss(0.2, 0.1) > 2.0 * loss(0.6, 0.5)
    assert loss(0.1, 0.0) > 4.0 * loss(0.6, 0.5)
    assert loss(0.5, 0.5) == 0.0


def test_phones_count_where_they_are_known() -> None:
    logits = torch.zeros(1, 2, 3, 4)
    phones = torch.zeros(1, 3, 4)
    phones[0, 1:] = torch.nan

    assert float(phone_loss(logits, phones)) == pytest.approx(float(torch.log(torch.tensor(2.0))))
    assert float(phone_loss(logits, torch.full((1, 3, 4), torch.nan))) == 0.0
