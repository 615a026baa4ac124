"""Forced alignment by the recogniser: edges near the true ones, pauses found, other texts refused."""

from itertools import pairwise

import numpy as np
import pytest

from lab.phonetics.alignment import Aligner, align_encoded
from lab.phonetics.phone_recogniser import PhoneRecogniser
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import RecogniserConfig, train_recogniser
from lab.phonetics.pronunciation import Word
from mmtalker.errors import MMTalkerError
from mmtalker.speech.audio import Audio
from tests.lab.corpus.phone_world import encoded, examples, sentence


@pytest.fixture(scope="module")
def recogniser() -> PhoneRecogniser:
    return train_recogniser(
        examples(40), RecogniserConfig(width=48, embedding=32, steps=100, pieces=8, piece=40)
    )


def words_of(phones: tuple[Phone, ...]) -> tuple[Word, ...]:
    """The phones in words of two."""
    names = [phone.name for phone in phones if phone.name != "sil"]
    return tuple(Word(tuple(names[i : i + 2])) for i in range(0, len(names), 2))


def test_edges_lie_where_the_phones_were_said(recogniser: PhoneRecogniser) -> None:
    errors: list[float] = []
    for seed in range(200, 220):
        phones = sentence(seed)
        found = align_encoded(recogniser, encoded(phones), words_of(phones))
        assert found is not None
        true = [phone.start for phone in phones if phone.name != "sil"]
        errors += np.abs(np.subtract([phone.start for phone in found[0]], true)).tolist()

    assert np.median(errors) <= 0.01
    assert np.quantile(errors, 0.9) <= 0.025


def test_phones_cover_the_recording_and_its_pause(recogniser: PhoneRecogniser) -> None:
    edges = (0.0, 0.1, 0.3, 0.6, 0.75, 1.0)
    phones = tuple(
        Phone(n, a, b) for n, (a, b) in zip(("m", "a", "sil", "s", "i"), pairwise(edges), strict=True)
    )
    aligner = Aligner(recogniser, lambda audio: encoded(phones))
    audio = Audio(np.zeros(16_000, dtype=np.float32))

    found = aligner.align_words((Word(("m", "a")), Word(("s", "i"))), audio)

    assert [phone.name for phone in found] == ["m", "a", "sil", "s", "i"]
    assert found[0].start == 0.0 and found[-1].end == 1.0
    np.testing.assert_allclose([p.start for p in found], [p.start for p in phones], atol=0.021)


def test_another_text_is_refused(recogniser: PhoneRecogniser) -> None:
    phones = sentence(300)
    aligner = Aligner(recogniser, lambda audio: encoded(phones))
    audio = Audio(np.zeros(round(phones[-1].end * 16_000), dtype=np.float32))

    with pytest.raises(MMTalkerError, match="does not say"):
        aligner.align_words(words_of(phones)[::-1], audio)
    with pytest.raises(MMTalkerError, match="does not say"):
        aligner.align_words(words_of(phones) * 9, audio)  # too much for its time
