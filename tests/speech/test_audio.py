"""Any sound file that an artist may have becomes 16 kHz mono, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmtalker.errors import Cancelled, ErrorCode, MMTalkerError
from mmtalker.speech import audio as audio_module
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio

FORMATS = [
    ("wav", "PCM_U8"),
    ("wav", "PCM_16"),
    ("wav", "PCM_24"),
    ("wav", "FLOAT"),
    ("wav", "DOUBLE"),
    ("flac", "PCM_16"),
    ("ogg", "VORBIS"),
    ("mp3", "MPEG_LAYER_III"),
]


def tone(seconds: float, rate: int, hertz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write(path: Path, samples: np.ndarray, rate: int, subtype: str) -> Path:
    soundfile.write(path, samples, rate, format=path.suffix[1:].upper(), subtype=subtype)
    return path


def loudest_frequency(audio: Audio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    return float(spectrum.argmax() / audio.seconds)


def error_of(source: Path | bytes, **part: float) -> MMTalkerError:
    with pytest.raises(MMTalkerError) as caught:
        load_audio(source, name="memo", **part)
    return caught.value


@pytest.mark.parametrize(("extension", "subtype"), FORMATS)
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_tone_survives_every_format_and_rate(
    tmp_path: Path, extension: str, subtype: str, rate: int
) -> None:
    stereo = np.stack([tone(1.0, rate), tone(1.0, rate)], axis=1)
    path = write(tmp_path / f"tone.{extension}", stereo, rate, subtype)

    audio = load_audio(path)

    assert audio.samples.dtype == np.float32
    assert audio.seconds == pytest.approx(1.0, abs=1e-4)
    assert loudest_frequency(audio) == pytest.approx(440.0, abs=1.5)
    middle = audio.samples[2000:-2000]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    assert audio.warnings == ()


def test_a_tone_keeps_its_phase(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", tone(2.0, 44_100), 44_100, "FLOAT")

    audio = load_audio(path)

    expected = tone(2.0, SAMPLE_RATE)
    assert np.abs(audio.samples - expected)[200:-200].max() < 1e-3


def test_what_lies_above_8_khz_does_not_fold_back(tmp_path: Path) -> None:
    path = write(tmp_path / "hiss.wav", tone(1.0, 48_000, hertz=12_000), 48_000, "FLOAT")
    assert np.abs(load_audio(path).samples[500:-500]).max() < 0.01


def test_channels_are_averaged(tmp_path: Path) -> None:
    left = tone(0.5, SAMPLE_RATE)
    path = write(tmp_path / "left.wav", np.stack([left, np.zeros_like(left)], axis=1), SAMPLE_RATE, "FLOAT")
    assert load_audio(path).samples == pytest.approx(left / 2, abs=1e-6)


def test_bytes_are_read_like_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.mp3", tone(1.0, 44_100), 44_100, "MPEG_LAYER_III")
    assert np.array_equal(load_audio(path.read_bytes()).samples, load_audio(path).samples)


@pytest.mark.parametrize(("extension", "subtype"), [f for f in FORMATS if f[1] != "DOUBLE"])
def test_a_part_is_the_same_as_a_cut_of_the_whole(tmp_path: Path, extension: str, subtype: str) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, 3 * SAMPLE_RATE)
    path = write(tmp_path / f"noise.{extension}", noise, SAMPLE_RATE, subtype)

    part = load_audio(path, start=1.25, duration=0.5)

    whole = load_audio(path)
    assert len(part.samples) == 8000
    assert part.samples == pytest.approx(whole.samples[20_000:28_000], abs=1e-4)


def test_a_part_that_runs_past_the_end_is_what_there_is(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", tone(1.0, SAMPLE_RATE), SAMPLE_RATE, "PCM_16")
    assert load_audio(path, start=0.75, duration=10.0).seconds == 0.25


def test_a_tenth_of_a_second_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path / "tick.wav", tone(0.1, 44_100), 44_100, "PCM_16")
    assert load_audio(path).seconds == pytest.approx(0.1)


def test_decoding_never_holds_more_than_one_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "tone.wav", np.stack([tone(4.0, 48_000)] * 2, axis=1), 48_000, "PCM_16")
    whole = load_audio(path)
    monkeypatch.setattr(audio_module, "_BLOCK_VALUES", 2_000)
    asked: list[int] = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile,
        "read",
        lambda self, frames, **more: (asked.append(frames), read(self, frames, **more))[1],
    )

    in_blocks = load_audio(path)

    assert set(asked) == {1_000}
    assert in_blocks.samples == pytest.approx(whole.samples, abs=1e-6)


def test_an_mp3_has_no_glitch_where_blocks_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "tone.mp3", tone(4.0, 44_100), 44_100, "MPEG_LAYER_III")
    whole = load_audio(path)
    monkeypatch.setattr(audio_module, "_BLOCK_VALUES", 5_000)
    assert load_audio(path).samples == pytest.approx(whole.samples, abs=1e-5)


def test_progress_rises_and_may_cancel(tmp_path: Path) -> None:
    path = write(tmp_path / "tone.wav", tone(20.0, SAMPLE_RATE), SAMPLE_RATE, "PCM_16")
    heard: list[float] = []
    load_audio(path, progress=lambda stage, fraction: heard.append(fraction))
    assert heard == sorted(heard)
    assert heard[-1] == 1.0

    def cancel(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load_audio(path, progress=cancel)


def test_float_samples_beyond_one_are_made_quieter_not_clipped(tmp_path: Path) -> None:
    path = write(tmp_path / "loud.wav", tone(0.5, SAMPLE_RATE, level=32_000.0), SAMPLE_RATE, "FLOAT")
    samples = load_audio(path).samples
    assert np.abs(samples).max() == pytest.approx(1.0)
    assert samples == pytest.approx(tone(0.5, SAMPLE_RATE, level=1.0), abs=2e-3)


def test_samples_that_are_not_numbers_become_silence_and_are_told(tmp_path: Path) -> None:
    samples = tone(0.5, SAMPLE_RATE)
    samples[100:103] = [np.nan, np.inf, -np.inf]
    path = write(tmp_path / "broken.wav", samples, SAMPLE_RATE, "FLOAT")

    audio = load_audio(path)

    assert np.isfinite(audio.samples).all()
    assert audio.samples[100:103].tolist() == [0.0, 0.0, 0.0]
    assert "3 samples" in audio.warnings[0]


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    missing, folder = error_of(tmp_path / "no.wav"), error_of(tmp_path)
    assert missing.code is folder.code is ErrorCode.AUDIO_MISSING
    assert "no.wav does not exist" in missing.message
    assert "is a folder" in folder.message


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.raw", "text.ogg"])
@pytest.mark.parametrize("content", [b"", b"Dear diary, today I spoke to nobody. " * 50])
def test_what_is_no_sound_is_refused_with_the_formats_that_work(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    error = error_of(tmp_path / name)
    assert error.code is ErrorCode.AUDIO_UNREADABLE
    assert name in error.message
    assert "wav, flac, ogg or mp3" in error.message


def test_a_file_without_samples_is_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "none.wav", np.zeros(0), SAMPLE_RATE, "PCM_16")
    assert error_of(path).code is ErrorCode.AUDIO_EMPTY


def test_a_part_without_samples_is_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "one.wav", tone(1.0, SAMPLE_RATE), SAMPLE_RATE, "PCM_16")
    late, nothing = error_of(path, start=1.0), error_of(path, start=0.2, duration=0.0)
    assert late.code is nothing.code is ErrorCode.AUDIO_EMPTY
    assert "begins at 1 s" in late.message
    assert "lasts only 1.00 s" in late.message


@pytest.mark.parametrize("part", [{"start": -1.0}, {"start": float("nan")}, {"duration": float("inf")}])
def test_a_time_that_makes_no_sense_is_refused(tmp_path: Path, part: dict[str, float]) -> None:
    path = write(tmp_path / "one.wav", tone(1.0, SAMPLE_RATE), SAMPLE_RATE, "PCM_16")
    assert error_of(path, **part).code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(("extension", "subtype"), [("flac", "PCM_16"), ("mp3", "MPEG_LAYER_III")])
def test_a_file_that_is_cut_short_gives_its_beginning_and_a_warning(
    tmp_path: Path, extension: str, subtype: str
) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, 10 * SAMPLE_RATE)
    path = write(tmp_path / f"long.{extension}", noise, SAMPLE_RATE, subtype)
    whole = load_audio(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])

    audio = load_audio(path)

    assert 2.0 < audio.seconds < 7.0
    assert audio.samples[:20_000] == pytest.approx(whole.samples[:20_000], abs=1e-3)
    assert "cut short" in audio.warnings[0]


@pytest.mark.parametrize(("extension", "subtype"), FORMATS)
def test_a_file_cut_anywhere_gives_sound_or_a_sentence(tmp_path: Path, extension: str, subtype: str) -> None:
    path = write(tmp_path / f"whole.{extension}", tone(0.5, SAMPLE_RATE), SAMPLE_RATE, subtype)
    content = path.read_bytes()
    for length in [*range(0, 200, 7), *range(200, len(content), len(content) // 20)]:
        try:
            audio = load_audio(content[:length], name="memo")
        except MMTalkerError as error:
            assert error.code in (ErrorCode.AUDIO_UNREADABLE, ErrorCode.AUDIO_EMPTY)
            assert "memo" in error.message
        else:
            assert 0.0 < audio.seconds <= 0.6


def test_a_file_with_flipped_bytes_gives_sound_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for extension, subtype in FORMATS:
        path = write(tmp_path / f"whole.{extension}", tone(0.2, SAMPLE_RATE), SAMPLE_RATE, subtype)
        original = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        for _ in range(20):
            damaged = original.copy()
            damaged[rng.integers(0, min(len(damaged), 400), 8)] = rng.integers(0, 256, 8)
            try:
                audio = load_audio(damaged.tobytes(), name="memo", duration=5.0)
            except MMTalkerError as error:
                assert "memo" in error.message
            else:
                assert np.isfinite(audio.samples).all()


def test_channels_of_opposite_sign_give_the_voice_of_one(tmp_path: Path) -> None:
    voice = np.random.default_rng(3).normal(0.0, 0.1, 48_000).astype(np.float32)
    soundfile.write(tmp_path / "one.wav", voice, 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "two.wav", np.stack([voice, -voice], 1), 16_000, subtype="FLOAT")
    one, two = load_audio(tmp_path / "one.wav"), load_audio(tmp_path / "two.wav")
    np.testing.assert_allclose(two.samples, one.samples, atol=1e-6)


def test_a_rate_that_nothing_records_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "fast.wav", np.zeros(100), 900_001)
    with pytest.raises(MMTalkerError, match="more than anything records"):
        load_audio(tmp_path / "fast.wav")


@pytest.mark.parametrize("name", ["x" * 9_000 + ".wav", "\ud800.wav", "a\0.wav"])
def test_a_name_that_no_file_can_have_is_missing(name: str) -> None:
    with pytest.raises(MMTalkerError) as failure:
        load_audio(Path(name))
    assert failure.value.code is ErrorCode.AUDIO_MISSING
    assert len(failure.value.message.encode()) < 1_000
