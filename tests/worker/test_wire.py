"""The frame codec: what goes in comes out, and what breaks a rule is refused before memory is taken."""

from __future__ import annotations

import io
import json
import os
import struct
import threading

import numpy as np
import pytest

from mmtalker.worker import wire
from mmtalker.worker.wire import Frame, WireError, encode_frame, read_frame, write_frame


class Trickle(io.RawIOBase):
    """A stream that gives and takes a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes = b"") -> None:
        self.inner = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(min(size, 3) if size >= 0 else 3)

    def write(self, data) -> int:
        return self.inner.write(bytes(data)[:5])

    def flush(self) -> None:
        pass


def raw_frame(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"MMT1" + struct.pack("<I", len(text)) + text + body


def with_array(**entry: object) -> bytes:
    return raw_frame({"type": "x", "id": 1, "arrays": [{"name": "a", "dtype": "<f4", "shape": [1]} | entry]})


def round_trip(header: dict, arrays: dict | None = None) -> Frame:
    stream = io.BytesIO()
    write_frame(stream, header, arrays)
    stream.seek(0)
    frame = read_frame(stream)
    assert frame is not None
    assert read_frame(stream) is None
    return frame


def test_a_frame_comes_back_as_it_went() -> None:
    arrays = {
        "vertices": np.arange(12, dtype="<f4").reshape(4, 3),
        "double": np.array([1 / 3, np.nan, -np.inf]),
        "faces": np.array([[0, 1, 2]], dtype="<i4"),
        "big": np.array(-(2**62), dtype="<i8"),
        "bytes": np.frombuffer(b"RIFF", dtype="|u1"),
        "none": np.empty((0, 3), dtype="<f4"),
    }
    frame = round_trip(
        {"type": "head", "id": 7, "name": "Тест \U0001f5e3", "options": {"k": [1, None]}}, arrays
    )
    assert (frame.type, frame.id) == ("head", 7)
    assert frame.fields == {"name": "Тест \U0001f5e3", "options": {"k": [1, None]}}
    assert list(frame.arrays) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(frame.arrays[name], array)
        assert frame.arrays[name].dtype == array.dtype
        assert frame.arrays[name].shape == array.shape
        assert frame.arrays[name].flags.writeable


def test_the_bytes_are_those_of_the_written_protocol() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"type": "ping", "id": 1}, {"v": np.array([1.0, -2.0], dtype="<f4")})
    data = stream.getvalue()
    length = struct.unpack("<I", data[4:8])[0]
    assert data[:4] == b"MMT1"
    assert json.loads(data[8 : 8 + length]) == {
        "type": "ping",
        "id": 1,
        "arrays": [{"name": "v", "dtype": "<f4", "shape": [2]}],
    }
    assert data[8 + length :] == struct.pack("<2f", 1.0, -2.0)


def test_transposed_and_strided_arrays_go_in_c_order() -> None:
    base = np.arange(24, dtype="<f4").reshape(4, 6)
    frame = round_trip({"type": "x", "id": 1}, {"t": base.T, "s": base[::2, 1::3]})
    np.testing.assert_array_equal(frame.arrays["t"], base.T)
    np.testing.assert_array_equal(frame.arrays["s"], base[::2, 1::3])


def test_reads_and_writes_in_any_portions() -> None:
    out = Trickle()
    write_frame(out, {"type": "x", "id": 1}, {"a": np.arange(50, dtype="<i4")})
    frame = read_frame(Trickle(out.inner.getvalue()))
    assert frame is not None
    np.testing.assert_array_equal(frame.arrays["a"], np.arange(50))


def test_many_frames_pass_through_a_pipe() -> None:
    given, taken = os.pipe()
    big = np.arange(2_000_000, dtype="<f4")

    def write() -> None:
        with os.fdopen(taken, "wb", buffering=0) as stream:
            for number in range(1, 6):
                write_frame(stream, {"type": "x", "id": number}, {"a": big})

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(given, "rb", buffering=0) as stream:
        frames = []
        while (frame := read_frame(stream)) is not None:
            frames.append(frame)
    writer.join()
    assert [frame.id for frame in frames] == [1, 2, 3, 4, 5]
    assert all(np.array_equal(frame.arrays["a"], big) for frame in frames)


def test_a_clean_end_is_none() -> None:
    assert read_frame(io.BytesIO()) is None


@pytest.mark.parametrize("cut", [1, 3, 4, 6, 8, 20, -1])
def test_an_end_in_the_middle_of_a_frame_is_an_error(cut: int) -> None:
    stream = io.BytesIO()
    write_frame(stream, {"type": "x", "id": 1}, {"a": np.zeros(4, dtype="<f4")})
    with pytest.raises(WireError):
        read_frame(io.BytesIO(stream.getvalue()[:cut]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Traceback (most recent call last):\n", "starts with"),
        (b"MMT1" + struct.pack("<I", wire.MAX_HEADER_BYTES + 1), "more than"),
        (raw_frame(b"{not json"), "not a JSON object"),
        (raw_frame(b"\xff\xfe"), "not a JSON object"),
        (raw_frame(b"[" * 100_000), "not a JSON object"),
        (raw_frame([1, 2]), "not a JSON object"),
        (raw_frame(b'{"type": "x", "id": 1, "f": NaN}'), "NaN"),
        (raw_frame({"id": 1}), "'type'"),
        (raw_frame({"type": "x"}), "'id'"),
        (raw_frame({"type": "x", "id": True}), "'id'"),
        (raw_frame({"type": "x", "id": -1}), "'id'"),
        (raw_frame({"type": "x", "id": 1, "arrays": {}}), "not a list"),
        (raw_frame({"type": "x", "id": 1, "arrays": [3]}), "not an object"),
        (with_array(dtype="|O"), "type"),
        (with_array(dtype=">f4"), "type"),
        (with_array(dtype=["<f4"]), "type"),
        (with_array(name=""), "name"),
        (with_array(shape=3), "shape"),
        (with_array(shape=[1] * 9), "shape"),
        (with_array(shape=[-1]), "size"),
        (with_array(shape=[2.0]), "size"),
        (with_array(shape=[True]), "size"),
        (with_array(shape=[2**30 + 1]), "more than"),
        (with_array(shape=[2**31, 2**31, 2**31]), "more than"),
        (with_array(shape=[0, 2**62]), "more than"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        read_frame(io.BytesIO(data))


def test_array_limits_hold_for_the_sum_and_for_names() -> None:
    half = {"dtype": "<f4", "shape": [2**29]}
    three = [{"name": name, **half} for name in "abc"]
    with pytest.raises(WireError, match="from 'c' on"):
        read_frame(io.BytesIO(raw_frame({"type": "x", "id": 1, "arrays": three})))
    twice = [{"name": "a", "dtype": "<f4", "shape": [1]}] * 2
    with pytest.raises(WireError, match="name of its own"):
        read_frame(io.BytesIO(raw_frame({"type": "x", "id": 1, "arrays": twice})))


def test_no_memory_is_taken_for_what_is_over_the_limit(monkeypatch) -> None:
    def never(*_args, **_kwargs):
        raise AssertionError("memory was taken")

    monkeypatch.setattr(wire.np, "empty", never)
    with pytest.raises(WireError, match="more than"):
        read_frame(io.BytesIO(with_array(shape=[2**40])))


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        ({"id": 1}, {}),
        ({"type": "x"}, {}),
        ({"type": "x", "id": 1, "arrays": []}, {}),
        ({"type": "x", "id": 1, "f": float("nan")}, {}),
        ({"type": "x", "id": 1, "f": object()}, {}),
        ({"type": "x", "id": 1, "f": "a" * (1 << 20)}, {}),
        ({"type": "x", "id": 1}, {"a": np.zeros(2, dtype=">f4")}),
        ({"type": "x", "id": 1}, {"a": np.zeros(2, dtype="<f2")}),
        ({"type": "x", "id": 1}, {"a": np.array([None])}),
    ],
)
def test_a_frame_that_breaks_a_rule_leaves_the_stream_clean(header: dict, arrays: dict) -> None:
    stream = io.BytesIO()
    with pytest.raises(WireError):
        write_frame(stream, header, arrays)
    assert stream.getvalue() == b""


def test_large_arrays_are_not_copied_for_sending() -> None:
    array = np.zeros(1000, dtype="<f4")
    body = encode_frame({"type": "x", "id": 1}, {"a": array})[-1]
    array[0] = 1.0
    assert bytes(body[:4]) == struct.pack("<f", 1.0)
