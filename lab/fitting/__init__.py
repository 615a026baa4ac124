"""From tracked faces on film to ARKit activations that repeat their motion."""
