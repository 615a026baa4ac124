"""The sound of videos and of compressed files that libsndfile does not know."""

from __future__ import annotations

import builtins
import io
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech import audio as audio_module
from mmtalker.speech.audio import SAMPLE_RATE, load_audio
from mmtalker.speech.media import MediaFile
from tests.speech.media import write_media

KINDS = [
    ("mp4", "aac", 44_100, 0),
    ("mp4", "aac", 24_000, 75),  # a second more than the sound
    ("mov", "pcm_s16le", 48_000, 75),
    ("webm", "libopus", 48_000, 0),
    ("matroska", "aac", 16_000, 75),
    ("asf", "wmav2", 22_050, 0),
    ("adts", "aac", 44_100, 0),
    ("ac3", "ac3", 48_000, 0),
    ("avi", "ac3", 32_000, 75),
    ("mpegts", "aac", 48_000, 75),
    ("flv", "aac", 44_100, 0),
    ("wv", "wavpack", 44_100, 0),
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


@pytest.mark.parametrize(("kind", "codec", "rate", "pictures"), KINDS)
def test_sound_comes_out_of_every_container(kind: str, codec: str, rate: int, pictures: int) -> None:
    stream = io.BytesIO()
    write_media(stream, rising(2.0, rate), rate, kind, codec, pictures)

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


@pytest.mark.parametrize("layout", ["5.1", "7.1", "24C"])
def test_any_number_of_channels_is_averaged(layout: str) -> None:
    import av

    voice, stream = rising(2.0, 48_000), io.BytesIO()
    with av.open(stream, "w", format="matroska") as container:
        sound = container.add_stream("pcm_s16le", rate=48_000)
        sound.layout = layout
        channels = np.repeat((32_767 * voice).astype(np.int16), sound.layout.nb_channels)
        frame = av.AudioFrame.from_ndarray(channels[None], format="s16", layout=layout)
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))

    audio = load_audio(stream.getvalue())

    assert audio.seconds == pytest.approx(2.0, abs=0.01)
    assert hertz(audio.samples[3_200:12_800]) == pytest.approx(300.0, abs=5.0)
    assert np.abs(audio.samples).max() == pytest.approx(0.5, abs=0.02)


def test_channels_of_opposite_sign_do_not_silence_each_other() -> None:
    voice, stream = rising(1.0, 44_100), io.BytesIO()
    write_media(stream, np.stack([voice, -voice]), 44_100, "mp4", "aac")
    assert np.abs(load_audio(stream.getvalue()).samples).max() > 0.3


def test_a_part_that_begins_after_the_end_is_told(memo: Path) -> None:
    with pytest.raises(MMTalkerError, match=r"begins at 9 s.*lasts only 2\.") as caught:
        load_audio(memo, start=9.0)
    assert caught.value.code is ErrorCode.AUDIO_EMPTY


def test_more_than_the_longest_is_refused_while_it_is_decoded(
    memo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_module, "MOST_SECONDS", 1)
    monkeypatch.setattr(audio_module, "_BLOCK_VALUES", 1_000)
    heard: list[float] = []
    with pytest.raises(MMTalkerError, match="lasts more than"):
        load_audio(memo, progress=lambda stage, fraction: heard.append(fraction))
    assert heard == sorted(heard) and 0.4 < heard[-1] < 0.6
    assert load_audio(memo, start=0.5, duration=1.0).seconds == pytest.approx(1.0)


def test_no_more_than_a_block_is_held(memo: Path) -> None:
    with memo.open("rb") as raw, MediaFile(raw) as file:
        blocks = list(iter(lambda: len(file.next_block(3_000)), 0))
    assert set(blocks[:-1]) == {3_000}
    assert sum(blocks) == pytest.approx(48_000, abs=1_100)


def test_a_kind_that_changes_on_the_way_is_decoded_to_the_end() -> None:
    content = b""
    for rate, channels in ((48_000, 1), (24_000, 2)):
        stream = io.BytesIO()
        write_media(stream, np.tile(rising(2.0, rate), (channels, 1)), rate, "adts", "aac")
        content += stream.getvalue()

    audio = load_audio(content)

    assert audio.seconds == pytest.approx(4.0, abs=0.2)
    assert hertz(audio.samples[36_800:44_800]) == pytest.approx(300.0, abs=5.0)


def test_what_lies_behind_damage_is_still_heard() -> None:
    stream = io.BytesIO()
    write_media(stream, rising(4.0, 48_000), 48_000, "ac3", "ac3")
    content = bytearray(stream.getvalue())
    third = len(content) // 3
    content[third : third + 3_000] = bytes(3_000)

    audio = load_audio(bytes(content), name="memo")

    assert 3.0 < audio.seconds < 4.1
    assert hertz(audio.samples[-16_000:-1_600]) == pytest.approx(600.0, abs=5.0)


@pytest.fixture
def no_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "av":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)


@pytest.mark.parametrize(
    ("kind", "codec", "words"),
    [
        ("mp4", "aac", "MPEG-4"),
        ("webm", "libopus", "Matroska"),
        ("asf", "wmav2", "Windows Media"),
        ("avi", "ac3", "AVI"),
        ("adts", "aac", "AAC"),
    ],
)
def test_without_pyav_it_is_said_what_is_missing(
    request: pytest.FixtureRequest, kind: str, codec: str, words: str
) -> None:
    stream = io.BytesIO()
    write_media(stream, rising(0.5, 48_000), 48_000, kind, codec)
    request.getfixturevalue("no_pyav")
    with pytest.raises(
        MMTalkerError, match=rf"memo is (an? )?{words}.* needs PyAV.*pip install av"
    ) as caught:
        load_audio(stream.getvalue(), name="memo")
    assert caught.value.code is ErrorCode.AUDIO_UNREADABLE
    assert "damaged" not in caught.value.message


def test_without_pyav_what_is_no_sound_needs_none(no_pyav: None) -> None:
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(b"Dear diary, today I spoke to nobody. " * 50)


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
    assert "cut short" in audio.warnings[0]


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
    with pytest.raises(MMTalkerError, match="is a video without sound"):
        load_audio(path)


def test_a_playlist_is_not_followed(tmp_path: Path, memo: Path) -> None:
    playlist = tmp_path / "list.m4a"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{memo}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(playlist)
    playlist.write_bytes(b"\0\0\0\0ftyp" + playlist.read_bytes())
    with pytest.raises(MMTalkerError, match="cannot be read as sound"):
        load_audio(playlist)
