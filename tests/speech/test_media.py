"""The sound of videos and of compressed files that libsndfile does not know."""

from __future__ import annotations

import builtins
import io
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import SAMPLE_RATE, load_audio
from tests.speech.media import write_media

KINDS = [
    ("mp4", "aac", 44_100, False),
    ("mp4", "aac", 24_000, True),
    ("mov", "pcm_s16le", 48_000, True),
    ("webm", "libopus", 48_000, False),
    ("matroska", "aac", 16_000, True),
    ("asf", "wmav2", 22_050, False),
]


def rising(seconds: float, rate: int) -> np.ndarray:
    """A tone of 300 Hz for the first half and of 600 Hz for the second."""
    times = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * np.where(times < seconds / 2, 300.0, 600.0) * times)


def hertz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * SAMPLE_RATE / len(samples))


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    path = tmp_path / "memo.m4a"
    write_media(path, rising(2.0, 24_000), 24_000, "mp4", "aac")
    return path


@pytest.mark.parametrize(("kind", "codec", "rate", "picture"), KINDS)
def test_sound_comes_out_of_every_container(kind: str, codec: str, rate: int, picture: bool) -> None:
    stream = io.BytesIO()
    write_media(stream, rising(2.0, rate), rate, kind, codec, picture)

    audio = load_audio(stream.getvalue(), name="memo")

    assert audio.warnings == ()
    assert audio.seconds == pytest.approx(2.0, abs=0.15)
    assert hertz(audio.samples[3_200:12_800]) == pytest.approx(300.0, abs=5.0)
    assert hertz(audio.samples[19_200:28_800]) == pytest.approx(600.0, abs=5.0)
    assert np.sqrt(np.mean(audio.samples[3_200:12_800] ** 2)) == pytest.approx(0.5 / np.sqrt(2.0), abs=0.03)


def test_a_part_begins_and_ends_where_it_is_meant_to(memo: Path) -> None:
    whole, part = load_audio(memo), load_audio(memo, start=0.5, duration=1.0)
    assert part.seconds == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(part.samples[100:-100], whole.samples[8_100:23_900], atol=0.01)


def test_channels_of_opposite_sign_do_not_silence_each_other() -> None:
    voice, stream = rising(1.0, 44_100), io.BytesIO()
    write_media(stream, np.stack([voice, -voice]), 44_100, "mp4", "aac")
    assert np.abs(load_audio(stream.getvalue()).samples).max() > 0.3


def test_without_pyav_it_is_said_what_is_missing(memo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "av":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MMTalkerError, match=r"memo.m4a.* needs PyAV.*pip install av") as caught:
        load_audio(memo)
    assert caught.value.code is ErrorCode.AUDIO_UNREADABLE


@pytest.mark.parametrize("keep", [20, 400, 0.5])
def test_a_file_that_was_cut_short_gives_a_sentence(memo: Path, keep: float) -> None:
    content = memo.read_bytes()
    with pytest.raises(MMTalkerError, match="memo cannot be read as sound"):
        load_audio(content[: round(keep if keep > 1 else keep * len(content))], name="memo")


def test_a_cut_stream_gives_what_there_is_with_a_warning() -> None:
    stream = io.BytesIO()
    write_media(stream, rising(2.0, 48_000), 48_000, "webm", "libopus")
    content = stream.getvalue()
    audio = load_audio(content[: len(content) * 2 // 3], name="memo")
    assert 0.8 < audio.seconds < 1.8


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 32
        for _ in range(5):
            image = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
            container.mux(video.encode(image))
        container.mux(video.encode(None))
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(path)


def test_a_playlist_is_not_followed(tmp_path: Path, memo: Path) -> None:
    playlist = tmp_path / "list.m4a"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{memo}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(playlist)
    playlist.write_bytes(b"\0\0\0\0ftyp" + playlist.read_bytes())
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(playlist)
