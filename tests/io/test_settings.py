"""Settings from JSON: taken whole, or the first wrong one named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmtalker.io.settings import Number, Row, Whole, Word, check_settings

RULES = {
    "width": Whole(1, 64),
    "noise": Number(0.0, 2.0),
    "kind": Word(("dual", "single")),
    "names": Row(Word(), 1, 3, unique=True),
}
GOOD: dict[str, Any] = {"width": 4, "noise": 0.5, "kind": "dual", "names": ["a", "b"]}


def test_good_settings_come_back_with_lists_as_tuples() -> None:
    assert check_settings(json.loads(json.dumps(GOOD)), RULES, "it") == GOOD | {"names": ("a", "b")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": None}, "'width' of it is null and must be a whole number from 1 to 64"),
        ({"width": "4"}, "'width' of it is \"4\""),
        ({"width": 4.0}, "'width' of it is 4.0"),
        ({"width": True}, "'width' of it is true"),
        ({"width": 0}, "'width' of it is 0"),
        ({"width": 65}, "'width' of it is 65"),
        ({"width": 10**5000}, "'width' of it is a huge number"),
        ({"width": [4]}, "'width' of it is a list"),
        ({"width": {}}, "'width' of it is a group of fields"),
        ({"noise": float("nan")}, "'noise' of it is NaN"),
        ({"noise": -0.1}, "must be a number from 0 to 2"),
        ({"noise": 10**400}, "a huge number"),
        ({"kind": "other"}, "must be one of dual, single"),
        ({"kind": 3}, "'kind' of it is 3"),
        ({"names": "ab"}, "must be a list of 1 to 3 different entries, each a word"),
        ({"names": []}, "'names' of it is a list"),
        ({"names": ["a", "a"]}, "different"),
        ({"names": ["a", 1]}, "each a word"),
        ({"names": [["a"], ["b"]]}, "each a word"),
        ({"names": ["a", ""]}, "each a word"),
        ({"kind": "x" * 9000}, "…"),
        ({"more": 1}, 'has a field "more" that is not known'),
    ],
)
def test_the_first_wrong_field_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_settings(GOOD | change, RULES, "it")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("values", [None, [], 3, "text"])
def test_what_is_no_fields_is_told(values: Any) -> None:
    with pytest.raises(ValueError, match="must be fields with values"):
        check_settings(values, RULES, "it")


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ValueError, match="it lacks the field 'kind'"):
        check_settings({name: value for name, value in GOOD.items() if name != "kind"}, RULES, "it")
