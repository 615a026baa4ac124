"""What a speech was made for, as text on its Action, and what of that has changed since."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

FIT_TAG = "mmtalker_fit"
"""Name of the Action's custom property that holds the text."""

_SCHEMA = 1
_MOST_TEXT = 10_000
_SAME = 1e-3
"""Frames, or seconds, below which nothing has moved."""


@dataclass(frozen=True)
class StripPlace:
    """A sound strip as it lies in a sequencer; frames of its scene.

    Attributes:
        scene: name of the scene.
        name: of the strip.
        file: name of the sound's file, without its folder.
        content_start: frame at which the media begins, seen or not.
        left: first frame that is heard.
        right: first frame after the strip.
        trimmed_start: frames of the source cut away before ``content_start``.
        sound_offset: seconds by which the sound is shifted within the strip.
        retiming_keys: how many there are.
    """

    scene: str
    name: str
    file: str
    content_start: float
    left: float
    right: float
    trimmed_start: float
    sound_offset: float
    retiming_keys: int


@dataclass(frozen=True)
class Fit:
    """What a speech was made for.

    Attributes:
        fps: frames per second of the head's scene.
        geometry: hash of the mesh of the head and of its parts.
        strip: where the sound is heard; None where no strip plays it.
    """

    fps: float
    geometry: str
    strip: StripPlace | None


def encode_fit(fit: Fit) -> str:
    """Return it as JSON text."""
    return json.dumps({"schema": _SCHEMA, **asdict(fit)}, allow_nan=False, separators=(",", ":"))


def decode_fit(text: object) -> Fit | None:
    """Return what :func:`encode_fit` wrote; None for anything else, or what a newer add-on wrote."""
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        return None
    try:
        fields = json.loads(text)
        if fields["schema"] != _SCHEMA:
            return None
        strip = fields["strip"]
        return Fit(
            fps=_number(fields["fps"]),
            geometry=str(fields["geometry"]),
            strip=None if strip is None else _strip(strip),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def is_same_strip(was: StripPlace, now: StripPlace) -> bool:
    """True where a strip plays the same of the same file at the same time, whatever it is called."""
    return was.file == now.file and not strip_changes(was, now)


def strip_changes(was: StripPlace, now: StripPlace) -> list[str]:
    """Return what was done to a strip, in words such as ``moved``."""
    moved = now.content_start - was.content_start
    found = []
    if abs(moved) > _SAME:
        found.append("moved")
    ends = (now.left - was.left - moved, now.right - was.right - moved)
    if max(map(abs, ends)) > _SAME or abs(now.trimmed_start - was.trimmed_start) > _SAME:
        found.append("trimmed")
    if now.retiming_keys != was.retiming_keys:
        found.append("retimed")
    if abs(now.sound_offset - was.sound_offset) > _SAME:
        found.append("given another sound offset")
    if now.file != was.file:
        found.append("given another sound")
    return found


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _strip(fields: Any) -> StripPlace:
    return StripPlace(
        scene=str(fields["scene"]),
        name=str(fields["name"]),
        file=str(fields["file"]),
        content_start=_number(fields["content_start"]),
        left=_number(fields["left"]),
        right=_number(fields["right"]),
        trimmed_start=_number(fields["trimmed_start"]),
        sound_offset=_number(fields["sound_offset"]),
        retiming_keys=int(fields["retiming_keys"]),
    )
