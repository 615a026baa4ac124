"""Several members of the speech: each by itself, and the mean of what they say."""

from __future__ import annotations

import torch

from mmtalker.model.regression import FactorisedRegression
from mmtalker.model.speech import EnsembleMember, SpeechFeatureNetwork
from tests.model.small import random_head, random_speech, small_network


def test_what_is_said_is_the_mean_of_the_readers() -> None:
    network, head, speech = small_network(), random_head(), random_speech(2, 25)

    each = network.each_activations(head, speech, head.still(2))
    said = network.activations(head, speech, head.still(2))

    assert each.shape == (2, 2, 25, 52)
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    assert torch.allclose(said, each.mean(dim=0))


def test_a_reader_says_nothing_of_another() -> None:
    network, head, speech = small_network(), random_head(), random_speech(1, 25)
    before = network.each_activations(head, speech, head.still())

    with torch.no_grad():
        for part in (network.speech.members[1], network.fusion.members[1]):
            for parameter in part.parameters():
                parameter.normal_()
    after = network.each_activations(head, speech, head.still())

    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1])


def test_a_reader_hears_fifteen_frames_around_each() -> None:
    torch.manual_seed(0)
    member = EnsembleMember(8, 6, temporal_layers=4)
    layers = torch.randn(1, 60, 8)
    changed = layers.clone()
    changed[:, 30] += 1.0

    apart = (member(changed)[0] - member(layers)[0]).abs().sum(dim=(0, 2))

    assert not apart[:15].any() and not apart[46:].any()
    assert apart[30] > 0.0


def test_noise_is_added_in_training_alone() -> None:
    features = SpeechFeatureNetwork(1, 4, width=3, members=1, temporal_layers=1, dropout=0.0, noise=0.5)
    speech = torch.rand(2, 10, 1, 4)

    learning = [features.train()(speech)[0] for _ in range(2)]
    speaking = [features.eval()(speech)[0] for _ in range(2)]

    assert not torch.allclose(*learning)
    assert torch.equal(*speaking)


def test_a_channel_is_missed_for_a_whole_window_and_only_in_training() -> None:
    features = SpeechFeatureNetwork(1, 4, width=3, members=1, temporal_layers=1, dropout=0.5, noise=0.0)
    heard: list[torch.Tensor] = []
    features.members[0].register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    torch.manual_seed(0)
    speech = torch.rand(6, 10, 1, 4) + 1.0

    features.train()(speech)
    features.eval()(speech)

    missed = heard[0] == 0.0
    assert missed.any() and not missed.all()
    assert torch.equal(missed.any(dim=1), missed.all(dim=1))
    assert torch.equal(heard[1], speech.flatten(2))


def test_activations_are_combined_from_the_directions() -> None:
    regression = small_network().regression
    assert isinstance(regression, FactorisedRegression)
    motion = torch.randn(1, 2, 7, 16)
    by_channel = regression.each(motion)

    rows = torch.randn(52, 52)
    regression.start_directions(rows)

    assert torch.allclose(regression.each(motion), by_channel @ rows, atol=1e-4)
