"""What a vertex belongs to."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Part of the head; stored as one byte per vertex."""

    SKIN = 0
    MOUTH_SOCKET = 1
    EYE_SOCKET = 2
    EYE_LEFT = 3
    EYE_RIGHT = 4
    TEETH_UPPER = 5
    TEETH_LOWER = 6
    TONGUE = 7
    LASHES = 8
    OTHER = 9


CHART_ROLES = (Role.SKIN, Role.MOUTH_SOCKET, Role.EYE_SOCKET)
"""Roles whose vertices have a place in the canonical chart; the rest move by rule."""
