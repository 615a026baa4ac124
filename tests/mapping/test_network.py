"""The network of the pictures: what goes in and comes out."""

from __future__ import annotations

import json

import pytest
import torch

from mmtalker.mapping.network import SMALLEST_SCALE, PixelConfig, PixelNetwork

SMALL = PixelConfig(inputs=5, widths=(8, 12, 16), blocks=2)


def network(config: PixelConfig = SMALL) -> PixelNetwork:
    torch.manual_seed(0)
    return PixelNetwork(config).eval()


def pictures(count: int = 3, size: int = 32, channels: int = 5) -> torch.Tensor:
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("size", "inputs"), [(32, 5), (64, 7)])
def test_every_other_pixel_gets_a_place_a_scale_and_a_logit(size: int, inputs: int) -> None:
    said = network(PixelConfig(inputs, (8, 12, 16), 1))(pictures(2, size, inputs))
    half = size // 2
    assert said.place.shape == (2, 3, half, half)
    assert said.scale.shape == said.face.shape == (2, half, half)


def test_the_scale_is_never_below_the_smallest() -> None:
    net = network()
    with torch.no_grad():
        net.out.bias[3] = -1000.0
    assert float(net(pictures()).scale.detach().min()) == pytest.approx(SMALLEST_SCALE)


def test_when_not_training_a_picture_gets_the_same_answer_alone_and_again() -> None:
    net, image = network(), pictures()
    once, again, alone = net(image), net(image), net(image[1:2])
    assert torch.equal(once.place, again.place)
    torch.testing.assert_close(alone.place[0], once.place[1])
    torch.testing.assert_close(alone.scale[0], once.scale[1])


def test_an_answer_depends_on_the_far_end_of_the_picture() -> None:
    net, image = network(PixelConfig(5, (8, 12, 16, 16), 3)), pictures()
    changed = image.clone()
    changed[..., :, :8] += 3.0
    assert (net(image).face - net(changed).face)[..., :, -1].abs().max() > 0.0


def test_an_answer_follows_its_picture() -> None:
    # Down and up again, the pixels must not be shifted or mixed up: a mark shows where it was put.
    net = network(PixelConfig(5, (8, 12), 0))
    blank, marked = torch.zeros(1, 5, 64, 64), torch.zeros(1, 5, 64, 64)
    marked[..., 24:26, 40:42] = 5.0
    moved = (net(marked).face - net(blank).face)[0].abs()
    rows, columns = torch.nonzero(moved > 0.0, as_tuple=True)
    assert abs(float(rows.float().mean()) - 12.0) < 2.0
    assert abs(float(columns.float().mean()) - 20.0) < 2.0


def test_everything_in_it_can_learn() -> None:
    net = network().train()
    said = net(pictures())
    (said.place.sum() + said.scale.sum() + said.face.sum()).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert net.stem[0].weight.grad.abs().sum() > 0.0


def test_its_sizes_can_be_kept_as_json() -> None:
    kept = json.loads(json.dumps(SMALL.to_json()))
    assert PixelConfig(kept["inputs"], tuple(kept["widths"]), kept["blocks"]) == SMALL
