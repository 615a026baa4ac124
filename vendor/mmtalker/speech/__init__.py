"""From an audio file to hierarchical speech features at 50 Hz."""
