"""Changed copies of a recording: what is said stays where it was, whatever it went through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from lab.augmentation.augment import SPEEDS, augment, varispeed
from lab.augmentation.channels import (
    CODECS,
    Codec,
    band,
    channel,
    coarse,
    companded,
    telephone,
    through_codec,
)
from lab.augmentation.noises import BELOW_DB, babble, in_syllables, noise, speech_shaped
from lab.augmentation.rooms import REVERBERATION_SECONDS, room, room_response
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

SPEECH = Path(__file__).parents[3] / "demo" / "assets" / "speech.flac"


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return load_audio(SPEECH, duration=4.0).samples


def lag(before: np.ndarray, after: np.ndarray) -> int:
    """Samples by which ``after`` is late, where the two agree best."""
    agreement = signal.correlate(after, before, method="fft")
    return int(np.argmax(agreement)) - (len(before) - 1)


def likeness(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.corrcoef(before, after)[0, 1])


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.subtype)
@pytest.mark.parametrize("hardest", [False, True])
def test_a_codec_loses_something_but_no_time(speech, codec: Codec, hardest: bool) -> None:
    heard = through_codec(speech, SAMPLE_RATE, codec, codec.compression[hardest])

    assert heard.shape == speech.shape and heard.dtype == np.float32
    assert abs(lag(speech, heard)) <= 1
    assert 0.6 < likeness(speech, heard) < 0.9999


def test_a_telephone_keeps_its_band_and_time(speech) -> None:
    heard = telephone(speech, SAMPLE_RATE)

    assert heard.shape == speech.shape and lag(speech, heard) == 0
    before, after = (np.abs(np.fft.rfft(sound)) ** 2 for sound in (speech, heard))
    frequency = np.fft.rfftfreq(len(speech), 1 / SAMPLE_RATE)
    for low, high, least, most in ((0, 150, 0.0, 0.05), (600, 3_000, 0.8, 1.2), (4_100, 8_000, 0.0, 0.02)):
        inside = (frequency >= low) & (frequency < high)
        assert least <= after[inside].sum() / before[inside].sum() <= most


def test_a_band_has_no_shift_even_for_a_short_sound() -> None:
    click = np.zeros(64, dtype=np.float32)
    click[30] = 1.0
    heard = band(click, 100.0, 6_000.0, SAMPLE_RATE)
    assert heard.shape == click.shape and np.argmax(heard) == 30


def test_coarse_steps_are_even_and_companded_ones_finer_near_silence() -> None:
    ramp = np.linspace(-1.0, 1.0, 10_001, dtype=np.float32)
    assert np.abs(coarse(ramp, 8) - ramp).max() <= 0.5 / 2**7 + 1e-6
    error = np.abs(companded(ramp) - ramp)
    faint = np.abs(ramp) < 0.01
    assert error[faint].max() < 5e-4 < 5e-3 < error[~faint].max() < 0.03
    assert companded(np.zeros(3, dtype=np.float32)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("seed", range(8))
def test_every_way_is_in_step_and_the_same_for_the_same_chance(speech, seed: int) -> None:
    one, again = (channel(speech, np.random.default_rng(seed), SAMPLE_RATE) for _ in range(2))
    assert one.shape == speech.shape and one.dtype == np.float32 and np.isfinite(one).all()
    assert abs(lag(speech, one)) <= 1
    np.testing.assert_array_equal(one, again)


def test_a_room_answers_after_the_direct_sound_and_dies_away() -> None:
    for seed in range(20):
        response = room_response(np.random.default_rng(seed), SAMPLE_RATE)
        energy = np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1]
        # Schroeder's curve: the time from -5 to -25 dB of what comes after the direct sound, times three.
        fall = 10.0 * np.log10(energy[1:] / energy[1])
        seconds = 3.0 * (np.argmax(fall < -25.0) - np.argmax(fall < -5.0)) / SAMPLE_RATE
        assert response[0] == 1.0 == response.max()
        assert 0.5 * REVERBERATION_SECONDS[0] < seconds < 1.5 * REVERBERATION_SECONDS[1]


def test_speech_in_a_room_is_in_step(speech) -> None:
    for seed in range(5):
        heard = room(speech, np.random.default_rng(seed), SAMPLE_RATE)
        assert heard.shape == speech.shape and lag(speech, heard) == 0


def test_noise_is_as_loud_as_was_drawn_and_of_every_kind(speech) -> None:
    others = [speech[::-1].copy(), np.roll(speech, 9_999)]
    below = []
    for seed in range(12):
        noisy = noise(speech, np.random.default_rng(seed), SAMPLE_RATE, others)
        below.append(-20.0 * np.log10(np.std(noisy - speech) / np.std(speech)))
    assert min(below) > BELOW_DB[0] - 0.5 and max(below) < BELOW_DB[1] + 0.5
    assert np.ptp(below) > 10.0


def test_noise_of_a_speaker_has_his_spectrum_and_none_of_his_words(speech) -> None:
    made = speech_shaped(speech, np.random.default_rng(0))
    # The mean and, of an even count, the last bin have no phase to turn.
    np.testing.assert_allclose(np.abs(np.fft.rfft(made))[1:-1], np.abs(np.fft.rfft(speech))[1:-1], atol=1e-3)
    assert abs(likeness(speech, made)) < 0.05


def test_syllables_swell_and_fade_at_the_rate_of_speech() -> None:
    rng = np.random.default_rng(0)
    steady = rng.standard_normal(8 * SAMPLE_RATE)
    level = np.abs(signal.hilbert(in_syllables(steady, rng, SAMPLE_RATE))).reshape(-1, 320).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(level - level.mean())) ** 2
    frequency = np.fft.rfftfreq(len(level), 0.02)
    assert spectrum[(frequency >= 1.5) & (frequency <= 9.0)].sum() > 0.6 * spectrum.sum()


def test_babble_is_made_of_the_others(speech) -> None:
    made = babble(2 * len(speech), [speech], np.random.default_rng(0))
    assert made.shape == (2 * len(speech),)
    ours, theirs = (np.abs(np.fft.rfft(sound[: len(speech)])) for sound in (speech, made))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.5


def test_a_recording_without_sound_stays_finite() -> None:
    silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
    for seed in range(10):
        made, _ = augment(silence, np.random.default_rng(seed), SAMPLE_RATE, [silence])
        assert np.isfinite(made).all()


def test_a_copy_is_said_at_the_speed_that_is_told(speech) -> None:
    for seed in range(12):
        made, speed = augment(speech, np.random.default_rng(seed), SAMPLE_RATE)
        again, _ = augment(speech, np.random.default_rng(seed), SAMPLE_RATE)
        assert SPEEDS[0] - 0.02 < speed < SPEEDS[1] + 0.02
        assert len(made) == pytest.approx(len(speech) / speed, abs=1.0)
        assert made.dtype == np.float32 and np.abs(made).max() <= 1.0
        np.testing.assert_array_equal(made, again)
        assert abs(lag(varispeed(speech, speed)[0], made)) <= 1
