"""Channels against shape keys: exact names are driven, near misses are told."""

from __future__ import annotations

from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker_addon.core.names import match_names


def test_exact_names_are_existing_and_the_rest_is_missing_in_order() -> None:
    match = match_names(["jawOpen", "mouthClose", "tongueOut"], ["Basis", "mouthClose", "Smile"])
    assert match.existing == ("mouthClose",)
    assert match.missing == ("jawOpen", "tongueOut")
    assert match.near == {}
    assert match.warnings == ()


def test_other_spellings_are_told_and_not_taken() -> None:
    keys = ["Basis", "JawOpen", "mouth_close", "eyeBlink_L", "eyeBlink.R", "Brow Inner Up"]
    channels = ["jawOpen", "mouthClose", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "tongueOut"]
    match = match_names(channels, keys)
    assert match.existing == ()
    assert match.near == {
        "jawOpen": "JawOpen",
        "mouthClose": "mouth_close",
        "eyeBlinkLeft": "eyeBlink_L",
        "eyeBlinkRight": "eyeBlink.R",
        "browInnerUp": "Brow Inner Up",
    }
    (sentence,) = match.warnings
    assert "differently: 5." in sentence and "'JawOpen' (jawOpen)" in sentence
    assert "and 2 more" in sentence and "browInnerUp" not in sentence
    assert match.details[-1] == "'Brow Inner Up' (browInnerUp)" and len(match.details) == 5


def test_a_near_miss_beside_the_exact_name_is_nobodys_business() -> None:
    match = match_names(["jawOpen"], ["jawopen", "jawOpen"])
    assert match.existing == ("jawOpen",)
    assert match.near == {}


def test_no_two_arkit_names_are_near_each_other() -> None:
    for name in ARKIT_NAMES:
        match = match_names([name], [other for other in ARKIT_NAMES if other != name])
        assert match.near == {}
