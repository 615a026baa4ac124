"""Heads as geometry: reading checks, the canonical head and chart, mapping a head to it."""
