"""The csv is what Live Link Face writes, to the letter, and comes back as it went."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmtalker.animation import Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.live_link import read_live_link, timecode, write_live_link
from mmtalker.motion.arkit import ARKIT_NAMES


def test_the_header_and_rows_are_the_apps(animation: Animation, tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    write_live_link(animation, path)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)

    assert header[:4] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[53:57] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"]
    assert header[57:] == [
        f"{side}Eye{axis}" for side in ("Left", "Right") for axis in ("Yaw", "Pitch", "Roll")
    ]
    assert len(header) == 63
    assert len(rows) == 48
    assert all(len(row) == 63 and row[1] == "61" for row in rows)
    assert rows[0][0] == "00:00:00:00.000"
    assert rows[1][0] == "00:00:00:02.500"  # one frame of 24 fps is two and a half sixtieths
    assert rows[47][0] == "00:00:01:57.500"
    assert float(rows[5][2]) == pytest.approx(animation.curves[5, 0], abs=1e-6)
    assert set(rows[5][54:]) == {"0.000000"}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "00:00:00:00.000"),
        (1001 / 30000, "00:00:00:02.002"),
        (59.9999999, "00:01:00:00.000"),
        (3661.5, "01:01:01:30.000"),
    ],
)
def test_time_codes_count_sixtieths_and_carry(seconds: float, expected: str) -> None:
    assert timecode(seconds) == expected


def test_what_was_written_is_read(animation: Animation, tmp_path: Path) -> None:
    late = replace(animation, start_time=2.0)
    write_live_link(late, tmp_path / "take.csv")

    take = read_live_link(tmp_path / "take.csv")

    assert take.names[:52] == ARKIT_NAMES
    assert take.curves.shape == (48, 61)
    assert take.curves[:, :52] == pytest.approx(animation.curves[:, :52], abs=1e-6)
    assert take.times == pytest.approx(2.0 + np.arange(48) / 24.0, abs=2e-5)


def test_a_channel_that_is_not_there_is_zero(animation: Animation, tmp_path: Path) -> None:
    few = replace(
        animation,
        names=("jawOpen",),
        curves=animation.curves[:, :1],
        raw=animation.raw[:, :1],
        shapes=animation.shapes[:1],
    )
    write_live_link(few, tmp_path / "take.csv")
    take = read_live_link(tmp_path / "take.csv")
    assert take.curves[:, take.names.index("jawOpen")] == pytest.approx(few.curves[:, 0], abs=1e-6)
    assert np.count_nonzero(take.curves.any(axis=0)) == 1


def test_a_file_of_the_app_in_another_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "MySlate_1_iPhone.csv"
    path.write_bytes(
        b"\xef\xbb\xbfTimecode,BlendshapeCount,JawOpen,EyeBlinkLeft,HeadYaw\r\n"
        b"14:03:52:28.207,61,0.25,,-0.1\r\n14:03:52:29.207,61,0.5,1.0,0\r\n\r\n"
    )
    take = read_live_link(path)
    assert take.names == ("jawOpen", "eyeBlinkLeft", "HeadYaw")
    assert take.curves == pytest.approx(np.array([[0.25, 0.0, -0.1], [0.5, 1.0, 0.0]]))
    assert np.diff(take.times) == pytest.approx([1 / 60])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b,c\n", "first two columns"),
        ("Timecode,BlendShapeCount,JawOpen\n00:00:00:00.000,61\n", "line 2 has 2 columns and not 3"),
        ("Timecode,BlendShapeCount,JawOpen\n00:00:00:00.000,61,open\n", "line 2 is not"),
        ("Timecode,BlendShapeCount,JawOpen\n12,61,0.5\n", "line 2 is not"),
        ('Timecode,BlendShapeCount,"JawOpen\n', "first two columns|line"),
        ("", "it is empty"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "take.csv"
    path.write_text(content)
    if content.startswith('Timecode,BlendShapeCount,"'):
        assert read_live_link(path).curves.shape == (0, 1)  # a header and nothing else
        return
    with pytest.raises(MMTalkerError, match=expected) as caught:
        read_live_link(path)
    assert caught.value.code is ErrorCode.FILE_FORMAT
