"""Personal styles: their mean is the default, named ones lie off it."""

from __future__ import annotations

import torch

from mmtalker.model.style import PersonalStyle


def test_a_negative_number_is_the_mean_of_all_people() -> None:
    torch.manual_seed(0)
    style = PersonalStyle(people=3, named=2, width=4, channels=5)

    own = style.of_people(torch.tensor([-1, 2]))

    torch.testing.assert_close(own[0], style.people.mean(dim=0))
    torch.testing.assert_close(own[1], style.people[2])
    torch.testing.assert_close(style.default()[0], style.people.mean(dim=0))


def test_a_named_style_is_as_strong_as_asked() -> None:
    style = PersonalStyle(people=2, named=2, width=3, channels=5)
    style.named[1] = torch.tensor([1.0, 0.0, -2.0])

    off = [style.asked(1, strength) - style.default() for strength in (0.0, 1.0, -0.5)]

    assert not off[0].any()
    torch.testing.assert_close(off[1][0], style.named[1])
    torch.testing.assert_close(off[2], -0.5 * off[1])


def test_a_named_style_scales_and_shifts_channels() -> None:
    style = PersonalStyle(people=2, named=2, width=3, channels=2)
    style.gain[1] = torch.tensor([2.0, 1.0]).log()
    style.offset[1] = torch.tensor([0.0, 0.1])
    curves = torch.tensor([[0.1, 0.2]])

    torch.testing.assert_close(style.shade(1, 1.0, curves), torch.tensor([[0.2, 0.3]]))
    torch.testing.assert_close(style.shade(1, 0.0, curves), curves)
    torch.testing.assert_close(style.shade(0, 5.0, curves), curves)
    torch.testing.assert_close(style.shade(1, -1.0, curves), torch.tensor([[0.05, 0.1]]))


def test_the_strongest_style_leaves_numbers() -> None:
    style = PersonalStyle(people=2, named=2, width=3, channels=2)
    style.gain[1] = 1.0

    for strength in (1000.0, -1000.0):
        assert style.shade(1, strength, torch.tensor([[0.0, 0.5]])).isfinite().all()


def test_without_people_the_default_is_nothing() -> None:
    style = PersonalStyle(people=0, named=1, width=3, channels=5)

    assert not style.default().any()
    assert style.of_people(torch.tensor([-1, -1])).shape == (2, 3)
