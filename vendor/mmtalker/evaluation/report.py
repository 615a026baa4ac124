"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """Figures of all systems on all test sets."""
