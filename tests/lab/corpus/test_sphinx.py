"""English forced alignment: phones cover the recording, and unknown words are said as espeak-ng says them."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lab.phonetics.phonology import features
from lab.phonetics.sphinx import IPA, SphinxAligner, arpabet
from mmtalker.errors import MMTalkerError
from mmtalker.speech.audio import load_audio

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def aligner() -> SphinxAligner:
    return SphinxAligner()


def test_each_phone_of_the_alphabet_is_itself_in_ipa() -> None:
    assert len({features(ipa).tobytes() for ipa in IPA.values()}) == len(IPA)


@needs_espeak
@pytest.mark.parametrize(
    ("word", "expected"),
    [("blimp", "B L IH M P"), ("gregson", "G R EH G S AH N"), ("nurse", "N ER S"), ("judge", "JH AH JH")],
)
def test_a_word_is_said_in_arpabet(word: str, expected: str) -> None:
    assert arpabet(word) == expected.split()


def test_phones_of_the_demo_clip_lie_where_they_were_said(aligner: SphinxAligner) -> None:
    facts = json.loads((ROOT / "demo" / "assets" / "speech.json").read_text(encoding="utf-8"))
    samples = load_audio(ROOT / "demo" / "assets" / "speech.flac").samples

    phones = aligner.align(facts["text"], samples)

    assert phones[0].start == 0.0 and phones[-1].end == len(samples) / 16_000
    assert all(a.end == b.start for a, b in pairwise(phones))
    said = [phone.start for phone in phones if phone.name == "m"]
    true = [row["start"] for row in facts["phones"] if row["phone"] == "m"]
    assert np.median(np.abs(np.subtract(said, true))) < 0.04


def test_words_that_are_not_said_are_refused(aligner: SphinxAligner) -> None:
    with pytest.raises(MMTalkerError, match="does not say"):
        aligner.align("one two three four five six seven eight nine ten", np.zeros(8000, dtype=np.float32))
