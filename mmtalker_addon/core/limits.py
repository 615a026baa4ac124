"""The most that is taken of what a .blend carries: a stranger's file must not fill the memory."""

from __future__ import annotations

MOST_RECORD_TEXT = 64 << 20
"""Characters of a record; an hour of speech takes 30 million."""

MOST_RAW_VALUES = 32 << 20
"""Numbers of a record's raw curves, 128 MB: 66 channels at 50 Hz for 2.8 hours."""

MOST_CHANNELS = 1_000
"""Channels of a record."""

MOST_PARTS = 500
"""Objects that are sent with a head; a character of many pieces has 50."""

MOST_HEAD_TEXT = 4 << 20
"""Characters of what a mesh remembers of being checked; a usual one has 5,000."""
