"""Our network beside baselines, and without one part of the method at a time; the model card's tables."""
