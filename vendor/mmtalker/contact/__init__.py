"""Lips that meet on this head and do not cross: detail modes along the lips, and their curves."""
