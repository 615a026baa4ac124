"""What an Action remembers comes back exactly, and a damaged memory is refused."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import fields, replace

import numpy as np
import pytest

from mmtalker_addon.core.record import Record, RecordError, decode_record, encode_record


def make_record(frames: int = 500, channels: int = 52) -> Record:
    rng = np.random.default_rng(1)
    steps = rng.normal(0, 0.02, (frames, channels))
    return Record(
        names=tuple(f"channel{i}" for i in range(channels)),
        raw=np.cumsum(steps, axis=0).astype(np.float32),
        raw_rate=50.0,
        start_time=-0.01,
        fps=24 / 1.001,
        first_frame=-3,
        frames=240,
        head="Köpfchen",
        audio="//voice/take 1.wav",
        audio_start=0.125,
        seed=7,
        version="0.1.0",
    )


def test_a_record_comes_back_exactly() -> None:
    record = make_record()
    again = decode_record(encode_record(record))
    np.testing.assert_array_equal(again.raw, record.raw)
    assert again.raw.dtype == np.float32
    for field in fields(Record):
        if field.name != "raw":
            assert getattr(again, field.name) == getattr(record, field.name)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (4, 0)])
def test_raw_curves_of_no_size_come_back_too(shape: tuple[int, int]) -> None:
    record = replace(make_record(*shape), raw=np.zeros(shape, dtype=np.float32))
    assert decode_record(encode_record(record)).raw.shape == shape


def test_the_record_is_plain_json_and_smaller_than_its_curves() -> None:
    record = make_record(frames=3000)
    text = encode_record(record)
    assert json.loads(text)["schema"] == 1
    assert len(text) < record.raw.nbytes * 1.2
    quiet = replace(record, raw=np.zeros_like(record.raw))
    assert len(encode_record(quiet)) < 10_000


def test_curves_that_do_not_fit_the_names_are_refused() -> None:
    with pytest.raises(RecordError, match="do not fit"):
        encode_record(replace(make_record(), names=("one",)))


def damaged(**changes: object) -> str:
    return json.dumps(json.loads(encode_record(make_record(20, 2))) | changes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no schema"),
        ("{}", "no schema"),
        (damaged(schema=2), "update MMTalker"),
        (damaged(names=None), "no names"),
        (damaged(names=["a"]), "do not fit"),
        (damaged(fps="fast"), "'fps'"),
        (damaged(seed=1.5), "'seed'"),
        (damaged(frames=True), "'frames'"),
        (damaged(raw_shape=[20]), "no shape"),
        (damaged(raw_shape=[-20, 2]), "no shape"),
        (damaged(raw_shape=[10**12, 2]), "at most"),
        (damaged(raw_shape=[21, 2]), "cut short"),
        (damaged(raw_shape=[19, 2]), "too long"),
        (damaged(raw="%%%"), "damaged"),
        (damaged(raw=None), "damaged"),
        (damaged(raw=base64.b64encode(b"not zlib").decode()), "damaged"),
    ],
)
def test_a_damaged_record_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        decode_record(text)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(50_000_000), 9)).decode()
    with pytest.raises(RecordError, match="too long"):
        decode_record(damaged(raw=bomb))
