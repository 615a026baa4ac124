"""The network as a whole: what depends on what, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import JointRegression
from tests.model.small import SMALL, random_head, random_speech, small_network


def test_an_untrained_network_gives_a_still_face() -> None:
    network = MMTalkerNetwork(SMALL, torch.ones(10)).eval()
    head = random_head()

    shapes = network.shapes(head, torch.rand(20, 2), torch.rand(20, 6))
    curves = network.activations(head, random_speech(1, 30), head.still())

    assert shapes.shape == (52, 20, 3)
    assert curves.shape == (1, 30, 52)
    assert not shapes.any()
    assert not curves.any()


def test_curves_hear_the_speech_the_head_and_the_frames_before() -> None:
    network, head, speech = small_network(), random_head(), random_speech(1, 30)
    curves = network.activations(head, speech, head.still())

    other_speech = network.activations(head, random_speech(1, 30, seed=1), head.still())
    other_head = network.activations(random_head(seed=1), speech, head.still())
    moved = network.activations(head, speech, torch.ones_like(head.still()))

    for other in (other_speech, other_head, moved):
        assert not torch.allclose(curves, other, atol=1e-5)


def test_every_part_gets_a_gradient() -> None:
    network, head = small_network(), random_head()
    weight = network.sampler(64, torch.Generator().manual_seed(0)).log_weight
    head = SampledHead(head.static, head.neighbours, weight, head.identity)

    curves = network.activations(head, random_speech(2, 20), torch.ones_like(head.still(2)))
    shapes = network.shapes(head, torch.rand(30, 2), torch.rand(30, 6))
    phones = network.phones(network.speech(random_speech(2, 20))[0])
    (torch.einsum("btk,kpc->btpc", curves, shapes).square().mean() + phones.square().mean()).backward()

    for name, parameter in network.named_parameters():
        if name.endswith(("key.bias", "score.bias")):
            continue  # a softmax does not feel what is added to all its terms
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_any_number_of_samples_goes_through_the_same_network() -> None:
    network, speech = small_network(), random_speech(1, 10)

    for count in (16, 64, 500):
        head = random_head(count)
        assert network.activations(head, speech, head.still()).shape == (1, 10, 52)


def test_a_sample_of_double_weight_counts_as_two() -> None:
    network, speech = small_network(), random_speech(1, 12)
    head = random_head(40)
    # k of one: the graph of doubled samples is then the same graph
    alone = replace(head, neighbours=torch.arange(40)[:, None])
    weighted = replace(alone, log_weight=torch.where(torch.arange(40) < 8, 2.0, 1.0).log())
    rows = torch.cat([torch.arange(40), torch.arange(8)])
    doubled = SampledHead(head.static[rows], torch.arange(48)[:, None], torch.zeros(48), head.identity)

    by_weight = network.activations(weighted, speech, weighted.still())
    by_copies = network.activations(doubled, speech, doubled.still())

    assert torch.allclose(by_weight, by_copies, atol=1e-5)
    assert not torch.allclose(by_weight, network.activations(alone, speech, alone.still()), atol=1e-5)


def test_the_joint_form_is_a_configuration() -> None:
    network = small_network(config=replace(SMALL, regression="joint"))
    head = random_head()
    uv, point = torch.rand(15, 2), torch.rand(15, 6)

    motion = network.motion(head, random_speech(1, 10), head.still())
    local, whole = network.point_features(head, uv)
    assert isinstance(network.regression, JointRegression)
    displacement = network.regression(motion, uv, point, local, whole)

    assert displacement.shape == (1, 10, 15, 3)
    assert displacement.std() > 0


def test_the_inference_path_exports_for_any_length() -> None:
    """No control flow on data: the graph is traced once and holds for other lengths of speech."""
    network, head = small_network(), random_head()

    class Activations(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self,
            static: torch.Tensor,
            neighbours: torch.Tensor,
            weight: torch.Tensor,
            speech: torch.Tensor,
            past: torch.Tensor,
        ) -> torch.Tensor:
            return self.network.activations(
                SampledHead(static, neighbours, weight, head.identity), speech, past
            )

    def arguments(frames: int) -> tuple[torch.Tensor, ...]:
        return head.static, head.neighbours, head.log_weight, random_speech(1, frames), head.still()

    frames = torch.export.Dim("frames", min=2, max=4096)
    shapes = (None, None, None, {1: frames}, None)
    program = torch.export.export(Activations(), arguments(30), dynamic_shapes=shapes)

    for length in (17, 64):
        made = program.module()(*arguments(length))
        assert torch.allclose(made, Activations()(*arguments(length)), atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [{"fusion": "single"}, {"fusion": "concatenated"}, {"graph_layers": 0}, {"sampling": "uniform"}],
)
def test_each_part_of_the_method_can_be_left_out_for_comparison(change: dict[str, object]) -> None:
    network = small_network(config=replace(SMALL, **change))
    head, speech = random_head(), random_speech(2, 30)

    curves = network.activations(head, speech, head.still(2))

    assert curves.shape == (2, 30, 52)
    assert not torch.allclose(curves[0], curves[1])
