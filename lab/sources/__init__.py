"""Where speech for training comes from: one module for each source, which writes its part of the corpus."""
