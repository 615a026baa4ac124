"""Checks settings that were read from JSON, field by field, with words for the first that is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_LONGEST = 40
_KINDS: dict[type, str] = {dict: "a group of fields", list: "a list", tuple: "a list"}


class Rule(Protocol):
    """What a value may be."""

    @property
    def wanted(self) -> str:
        """As the end of "it must be"."""

    def accepts(self, value: Any) -> bool:
        """True where the value may stand."""


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both included."""

    low: int
    high: int

    @property
    def wanted(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def accepts(self, value: Any) -> bool:
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True)
class Number:
    """A finite number within bounds, both included."""

    low: float
    high: float

    @property
    def wanted(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def accepts(self, value: Any) -> bool:
        # By comparison: a whole number may be too large for isfinite.
        return type(value) in (int, float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Word:
    """One of a few words, or any word where there are none to choose from."""

    choices: Collection[str] = ()

    @property
    def wanted(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else "a word"

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, str) and 0 < len(value) <= 200 and (not self.choices or value in self.choices)
        )


@dataclass(frozen=True)
class Row:
    """A list of what each fits a rule; ``unique`` where nothing may come twice."""

    each: Rule
    low: int = 0
    high: int = 10_000
    unique: bool = False

    @property
    def wanted(self) -> str:
        different = "different entries" if self.unique else "entries"
        return f"a list of {self.low} to {self.high} {different}, each {self.each.wanted}"

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, (list, tuple)) or not self.low <= len(value) <= self.high:
            return False
        return all(map(self.each.accepts, value)) and not (self.unique and len(set(value)) < len(value))


def check_settings(values: Any, rules: Mapping[str, Rule], what: str) -> dict[str, Any]:
    """Return ``values`` if each field fits its rule, none is missing and none is unknown.

    Lists come back as tuples.

    Args:
        values: what JSON gave.
        rules: of every field.
        what: whose settings they are, for the words.

    Raises:
        ValueError: words for the first fault.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{what} is {_short(values)} and must be fields with values")
    for name in values:
        if name not in rules:
            raise ValueError(f"{what} has a field {_short(name)} that is not known")
    for name, rule in rules.items():
        if name not in values:
            raise ValueError(f"{what} lacks the field '{name}'")
        if not rule.accepts(values[name]):
            raise ValueError(f"'{name}' of {what} is {_short(values[name])} and must be {rule.wanted}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _short(value: Any) -> str:
    """The value as JSON has it, cut."""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return "a huge number"  # whose digits Python would refuse to write
    text = json.dumps(value, ensure_ascii=True) if type(value) not in _KINDS else _KINDS[type(value)]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
