"""What `build.py` is made of: set-up, checks and packaging, with the standard library alone."""
