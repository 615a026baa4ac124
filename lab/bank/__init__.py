"""Heads of every kind, with the truth about where their surface lies on the canonical head."""
