"""Strips and files against the clock: which seconds are decoded, and on which frames keys stand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mmtalker_addon.core.timing import StripFacts, file_timing, frame_rate, strip_timing

RATES = [
    pytest.param(24, 1.001, Fraction(24000, 1001), id="23.976"),
    pytest.param(24, 1.0, Fraction(24), id="24"),
    pytest.param(25, 1.0, Fraction(25), id="25"),
    pytest.param(30, 1.001, Fraction(30000, 1001), id="29.97"),
    pytest.param(30, 1.0, Fraction(30), id="30"),
    pytest.param(60, 1.0, Fraction(60), id="60"),
]


def key_times(timing) -> list[float]:
    """Seconds of the file at which each key's curves are sampled."""
    return [timing.audio_start + timing.start_time + i / timing.fps for i in range(timing.frames)]


@pytest.mark.parametrize(("fps", "base", "rate"), RATES)
def test_each_key_samples_the_second_that_sounds_on_its_frame(fps: int, base: float, rate: Fraction) -> None:
    """Given an hour at any rate, then the last key is as exact as the first."""
    last = 1 + int(3600 * rate)
    timing = strip_timing(StripFacts(content_start=1, final_start=1, final_end=last), fps, base)
    assert timing.first_frame == 1
    assert timing.frames == last
    assert timing.fps == pytest.approx(float(rate), rel=1e-15)
    for key in (0, 1, timing.frames // 2, timing.frames - 1):
        assert key / timing.fps == pytest.approx(float(key / rate), abs=1e-9)
    assert timing.audio_duration == pytest.approx(float((last - 1) / rate), abs=1e-9)


@pytest.mark.parametrize(("fps", "base", "rate"), RATES)
def test_a_trimmed_strip_decodes_only_what_is_heard(fps: int, base: float, rate: Fraction) -> None:
    """Given a file at frame 10 with 24 frames cut off its start and its end at frame 110."""
    timing = strip_timing(StripFacts(content_start=10, final_start=34, final_end=110), fps, base)
    assert timing.audio_start == pytest.approx(float(24 / rate), abs=1e-12)
    assert timing.audio_duration == pytest.approx(float(76 / rate), abs=1e-12)
    assert (timing.first_frame, timing.frames, timing.start_time) == (34, 77, 0.0)


@pytest.mark.parametrize(("fps", "base", "rate"), RATES)
def test_a_start_between_two_frames_is_kept_to_the_sample(fps: int, base: float, rate: Fraction) -> None:
    """Given sound a quarter after frame 12, then frame 12 is before it and frame 13 three quarters in."""
    timing = strip_timing(StripFacts(content_start=12.25, final_start=12.25, final_end=40), fps, base)
    assert timing.first_frame == 12
    times = key_times(timing)
    assert times[0] == pytest.approx(float(Fraction(-1, 4) / rate), abs=1e-12)
    assert times[1] == pytest.approx(float(Fraction(3, 4) / rate), abs=1e-12)
    assert timing.audio_start == 0.0


def test_content_between_frames_under_a_trim_on_a_whole_frame() -> None:
    timing = strip_timing(StripFacts(content_start=0.5, final_start=10, final_end=20), 25)
    assert timing.first_frame == 10
    assert timing.audio_start == pytest.approx(9.5 / 25)
    assert timing.start_time == 0.0


def test_a_strip_before_frame_zero() -> None:
    timing = strip_timing(StripFacts(content_start=-50.5, final_start=-50.5, final_end=-20), 25)
    assert (timing.first_frame, timing.frames) == (-51, 32)
    assert timing.start_time == pytest.approx(-0.5 / 25)


def test_silence_stretched_in_front_is_left_to_rest() -> None:
    """Given a strip whose left end was dragged out before its content."""
    timing = strip_timing(StripFacts(content_start=20, final_start=5, final_end=45), 25)
    assert (timing.first_frame, timing.audio_start, timing.audio_duration) == (20, 0.0, 1.0)


def test_a_strip_at_twice_the_speed_is_sampled_in_seconds_of_the_file() -> None:
    timing = strip_timing(StripFacts(content_start=1, final_start=11, final_end=51, speed=2.0), 24)
    assert timing.audio_start == pytest.approx(20 / 24)
    assert timing.audio_duration == pytest.approx(80 / 24)
    assert timing.fps == 12.0
    assert timing.frames == 41
    assert key_times(timing)[-1] == pytest.approx(100 / 24)


def test_a_sound_shifted_within_its_strip_is_followed() -> None:
    later = strip_timing(StripFacts(content_start=1, final_start=1, final_end=26, sound_offset=0.2), 25)
    assert (later.first_frame, later.audio_start) == (6, 0.0)
    earlier = strip_timing(StripFacts(content_start=1, final_start=1, final_end=26, sound_offset=-0.2), 25)
    assert earlier.first_frame == 1
    assert earlier.audio_start == pytest.approx(0.2)


def test_both_ends_of_the_sound_lie_within_the_keys() -> None:
    timing = strip_timing(StripFacts(content_start=3.7, final_start=3.7, final_end=9.2), 25)
    times = key_times(timing)
    assert times[0] <= timing.audio_start
    assert times[-1] >= timing.audio_start + timing.audio_duration


@pytest.mark.parametrize("noise", [-1e-9, 1e-9])
def test_rounding_in_a_whole_frame_costs_no_key(noise: float) -> None:
    strip = StripFacts(content_start=10 + noise, final_start=10 + noise, final_end=20 + noise)
    timing = strip_timing(strip, 24)
    assert (timing.first_frame, timing.frames) == (10, 11)


@pytest.mark.parametrize(
    "strip",
    [
        StripFacts(content_start=1, final_start=10, final_end=10),
        StripFacts(content_start=50, final_start=1, final_end=20),
        StripFacts(content_start=1, final_start=1, final_end=20, speed=0.0),
        StripFacts(content_start=1, final_start=1, final_end=20, speed=-1.0),
        StripFacts(content_start=1, final_start=1, final_end=20, speed=float("nan")),
    ],
)
def test_a_strip_that_shows_nothing_is_refused(strip: StripFacts) -> None:
    with pytest.raises(ValueError, match="strip"):
        strip_timing(strip, 25)


@pytest.mark.parametrize(("fps", "base"), [(0, 1.0), (24, 0.0), (float("inf"), 1.0)])
def test_a_rate_that_is_none_is_refused(fps: float, base: float) -> None:
    with pytest.raises(ValueError, match="frame rate"):
        frame_rate(fps, base)


def test_a_file_starts_at_its_frame_and_goes_to_its_end() -> None:
    timing = file_timing(7, 30, 1.001)
    assert (timing.first_frame, timing.start_time, timing.audio_start) == (7, 0.0, 0.0)
    assert timing.audio_duration is None and timing.frames is None
    assert timing.fps == 30 / 1.001
    assert file_timing(7.5, 25).start_time == pytest.approx(-0.02)
