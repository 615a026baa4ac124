"""Which of a mesh's shape keys a channel drives: the one of exactly its name, and near misses are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 3
"""How many near misses a sentence names."""

_SIDES = (("_l", "left"), ("_r", "right"))


@dataclass(frozen=True)
class NameMatch:
    """Channels against the shape keys that are there.

    Attributes:
        existing: channels that have a shape key of exactly their name, to be driven as it is.
        missing: channels that need a new shape key.
        near: missing channel to the existing key that is spelt almost like it.
    """

    existing: tuple[str, ...]
    missing: tuple[str, ...]
    near: dict[str, str]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for all near misses; empty where there are none."""
        if not self.near:
            return ()
        shown = ", ".join(self.details[:_SHOWN])
        if len(self.near) > _SHOWN:
            shown += f" and {len(self.near) - _SHOWN} more"
        return (
            f"Shape keys that look like ARKit's but are spelt differently: {len(self.near)}. They were left "
            f"alone, and new ones were made. Rename them to drive your own: {shown}.",
        )

    @property
    def details(self) -> tuple[str, ...]:
        """Each near miss, with the name that it would need."""
        return tuple(f"'{key}' ({channel})" for channel, key in self.near.items())


def match_names(channels: Sequence[str], shape_keys: Sequence[str]) -> NameMatch:
    """Match channels to shape keys by exact name, since engines read ARKit names letter by letter."""
    present = set(shape_keys)
    existing = tuple(channel for channel in channels if channel in present)
    missing = tuple(channel for channel in channels if channel not in present)
    taken = set(existing)
    spellings = {_plain(key): key for key in reversed(shape_keys) if key not in taken}
    near = {channel: spellings[_plain(channel)] for channel in missing if _plain(channel) in spellings}
    return NameMatch(existing, missing, near)


def _plain(name: str) -> str:
    """Return a name without letter case and separators, and with a side in full: 'JawOpen', 'eyeBlink_L'."""
    lowered = re.sub(r"[\s.\-_]+", "_", name.strip()).lower()
    for short, side in _SIDES:
        if lowered.endswith(short):
            lowered = lowered.removesuffix(short) + side
    return lowered.replace("_", "")
