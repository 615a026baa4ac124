"""What makes and judges MMTalker's weights: ``python -m lab``. It imports ``mmtalker``; no user runs it."""
