"""The shipped recordings are what their descriptions say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.clip import ASSETS, SILENCE, Clip, load_clip

CLIPS = (ASSETS / "speech.json", Path(__file__).parents[1] / "data" / "second_voice.json")


def level_db(clip: Clip, start: float, end: float) -> float:
    part = clip.samples[round(start * clip.rate) : round(end * clip.rate)]
    return 20 * np.log10(np.sqrt(np.mean(part.astype(np.float64) ** 2)) + 1e-12)


@pytest.fixture(params=CLIPS, ids=lambda path: path.stem)
def clip(request: pytest.FixtureRequest) -> Clip:
    return load_clip(request.param)


def test_the_phones_cover_the_clip_without_a_gap(clip: Clip):
    assert clip.phones[0].start == 0.0
    assert clip.phones[-1].end == pytest.approx(clip.seconds, abs=1e-3)
    for before, after in zip(clip.phones, clip.phones[1:], strict=False):
        assert before.end == after.start
        assert before.end > before.start


def test_it_is_quiet_where_it_says_silence_and_loud_elsewhere(clip: Clip):
    pauses = [p for p in clip.phones if p.name == SILENCE]
    spoken = [p for p in clip.phones if p.name != SILENCE]
    assert max(level_db(clip, p.start, p.end) for p in pauses) < -50.0
    assert np.median([level_db(clip, p.start, p.end) for p in spoken]) > -30.0


def test_it_starts_and_ends_in_silence_and_is_not_clipped(clip: Clip):
    assert clip.phones[0].name == clip.phones[-1].name == SILENCE
    assert np.abs(clip.samples).max() < 0.99


def test_before_a_closed_sound_opens_it_is_quieter_than_the_vowel_behind_it(clip: Clip):
    # Were the times shifted by three frames, as the predictor gives them, plosives would lie on vowels.
    pairs = zip(clip.phones, clip.phones[1:], strict=False)
    steps = [
        level_db(clip, b.start, b.end) - level_db(clip, a.start, a.end)
        for a, b in pairs
        if a.name in "pb" and b.name != SILENCE
    ]
    assert np.median(steps) > 3.0


def test_the_demo_clip_has_a_pause_in_the_middle_and_plenty_of_closed_sounds():
    clip = load_clip()
    longest = max(clip.phones[1:-1], key=lambda p: (p.name == SILENCE) * (p.end - p.start))
    assert longest.end - longest.start >= 0.6
    assert 0.25 < longest.start / clip.seconds < 0.75
    assert sum(p.name in "pbm" for p in clip.phones) >= 12
    assert 8.0 <= clip.seconds <= 10.0


def test_a_moment_has_its_phone_and_outside_is_silence():
    clip = load_clip()
    first = next(p for p in clip.phones if p.name != SILENCE)
    assert clip.phone_at((first.start + first.end) / 2) == first.name
    assert clip.phone_at(-1.0) == clip.phone_at(100.0) == SILENCE
