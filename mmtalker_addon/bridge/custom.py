"""Custom properties that a .blend carries, as plain values: a broken file has any kind in any place."""

from __future__ import annotations

from typing import Any


def plain(block: Any, name: str) -> Any:
    """A custom property as Python's own values, or None where there is none; can be assigned again."""
    return _plain(block.get(name))


def restore(block: Any, name: str, value: Any) -> None:
    """Give a custom property back what :func:`plain` found."""
    if value is not None:
        block[name] = value
    elif name in block:
        del block[name]


def texts(block: Any, name: str) -> dict[str, str]:
    """The texts of a group of custom properties by their names; empty for anything else."""
    value = plain(block, name)
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}


def text(block: Any, name: str) -> str:
    """A custom property that is a text; empty for anything else."""
    value = block.get(name)
    return value if isinstance(value, str) else ""


def numbers(block: Any, name: str, count: int) -> tuple[float, ...] | None:
    """A custom property that is so many numbers; None for anything else."""
    value = plain(block, name)
    fits = isinstance(value, list) and len(value) == count
    if not fits or not all(isinstance(number, int | float) for number in value):
        return None
    return tuple(float(number) for number in value)


def _plain(value: Any) -> Any:
    """The value without what lives in Blender's memory, which goes once the property is replaced."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "to_list"):
        return value.to_list()
    return [_plain(each) for each in value] if isinstance(value, list) else value
