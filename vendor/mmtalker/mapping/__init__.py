"""Mapping a head of unknown topology: reading it, finding its face, giving every part its place."""
