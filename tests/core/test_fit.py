"""What a speech was made for, as text, and what of a strip has changed since."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mmtalker_addon.core.fit import Fit, StripPlace, decode_fit, encode_fit, is_same_strip, strip_changes

PLACE = StripPlace("Scene", "line", "voice.wav", 10.0, 10.0, 82.0, 0.0, 0.0, 0)


@pytest.mark.parametrize("strip", [PLACE, None])
def test_text_and_back(strip: StripPlace | None) -> None:
    fit = Fit(24 / 1.001, "abc", strip)
    assert decode_fit(encode_fit(fit)) == fit


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"name": "other", "scene": "Edit"}, []),
        ({"content_start": 50.0, "left": 50.0, "right": 122.0}, ["moved"]),
        ({"right": 70.0}, ["trimmed"]),
        ({"left": 12.0}, ["trimmed"]),
        ({"trimmed_start": 3.0}, ["trimmed"]),
        ({"content_start": 11.0, "left": 12.0, "right": 83.0}, ["moved", "trimmed"]),
        ({"retiming_keys": 2}, ["retimed"]),
        ({"sound_offset": 0.25}, ["given another sound offset"]),
        ({"file": "other.wav"}, ["given another sound"]),
        ({"right": 82.0 + 1e-5}, []),
    ],
)
def test_what_was_done_to_a_strip(fields: dict[str, float], words: list[str]) -> None:
    now = replace(PLACE, **fields)
    assert strip_changes(PLACE, now) == words
    assert is_same_strip(PLACE, now) == (not words)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text.replace("24.0", "NaN"),
        lambda text: text.replace("24.0", "1" + "0" * 400),
        lambda text: text.replace('"schema":1', '"schema":2'),
        lambda text: text.replace('"content_start":10.0', '"content_start":"x"'),
        lambda text: text.replace('"retiming_keys":0', '"retiming_keys":[]'),
        lambda text: json.dumps(list(json.loads(text))),
        lambda text: "[" * 9_000,
        lambda text: text + " " * 10_001,
        lambda _: 5,
    ],
)
def test_anything_else_is_nothing(spoil) -> None:
    assert decode_fit(spoil(encode_fit(Fit(24.0, "abc", PLACE)))) is None
