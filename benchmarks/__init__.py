"""Measurements of speed; `python3 build.py bench` runs them."""
