"""The phone recogniser: what it learns, that it knows phones it never heard, that a file gives it back."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lab.phonetics.phone_recogniser import PhoneRecogniser, load_recogniser, moments, save_recogniser
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import Example, RecogniserConfig, label, train_recogniser
from lab.phonetics.phonology import INDEX, feature_track, features
from mmtalker.errors import MMTalkerError
from tests.lab.corpus.phone_world import encoded, examples, sentence

CONFIG = RecogniserConfig(width=48, embedding=32, steps=120, pieces=8, piece=40)


@pytest.fixture(scope="module")
def recogniser() -> PhoneRecogniser:
    return train_recogniser(examples(40), CONFIG)


def test_a_frame_lies_between_its_two_moments() -> None:
    middles = moments(4)

    np.testing.assert_allclose(middles.reshape(4, 2).mean(axis=1), np.arange(4) / 50.0, atol=1e-9)
    np.testing.assert_allclose(np.diff(middles), 0.01)


def test_labels_follow_the_phones_and_their_halves() -> None:
    phones = (Phone("sil", 0.0, 0.04), Phone("tʃ", 0.04, 0.1), Phone("?!", 0.1, 0.14))

    rows, labels = label([Example(np.zeros((7, 1, 4), dtype=np.float32), phones)])

    said = [[name for name in ("silence", "stop", "sibilant") if rows[i][INDEX[name]]] for i in labels[0]]
    assert said == [["silence"]] * 5 + [["stop"]] * 3 + [["sibilant"]] * 3 + [["silence"]] * 3


def test_articulation_of_speech_that_was_never_heard(recogniser: PhoneRecogniser) -> None:
    phones = sentence(1000)
    speech = encoded(phones)

    track = np.exp(recogniser.log_probabilities(speech)) @ recogniser.inventory.numpy()

    truth = feature_track(phones, moments(len(speech)))
    assert track.shape == truth.shape
    for name in ("bilabial", "vowel", "silence", "sibilant", "rounded"):
        column = INDEX[name]
        assert np.corrcoef(track[:, column], truth[:, column])[0, 1] > 0.8, name


def test_a_phone_that_nobody_said_is_scored_by_its_features(recogniser: PhoneRecogniser) -> None:
    speech = encoded((Phone("b", 0.0, 1.0),))  # a voiced p, of which there was none

    asked = np.stack([features(phone) for phone in ("b", "s", "a", "sil")])
    scored = recogniser.log_probabilities(speech, asked).mean(axis=0)

    assert scored.argmax() == 0


def test_probabilities_of_the_inventory_sum_to_one(recogniser: PhoneRecogniser) -> None:
    probabilities = np.exp(recogniser.log_probabilities(encoded(sentence(5))))

    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-4)


def test_the_same_examples_give_the_same_recogniser_and_disturb_no_chance() -> None:
    short = RecogniserConfig(width=16, embedding=8, steps=5, pieces=4, piece=20)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)

    one, two = (train_recogniser(examples(4), short) for _ in range(2))

    assert torch.rand(1) == expected
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, two.state_dict()[name])


def test_a_file_gives_it_back(recogniser: PhoneRecogniser, tmp_path: Path) -> None:
    save_recogniser(recogniser, tmp_path / "r.safetensors")

    again = load_recogniser(tmp_path / "r.safetensors")

    speech = encoded(sentence(7))
    np.testing.assert_allclose(
        again.log_probabilities(speech), recogniser.log_probabilities(speech), atol=0.1
    )


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.safetensors").write_bytes(b"no weights")

    with pytest.raises(MMTalkerError, match=r"r\.safetensors holds no phone recogniser"):
        load_recogniser(tmp_path / "r.safetensors")
