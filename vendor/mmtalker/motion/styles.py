"""What a way of speaking is called that nobody chose."""

from __future__ import annotations

DEFAULT_STYLE = "natural"
"""The mean of all people that the model learned from."""
