"""The demo: a shipped head speaks a shipped sentence in Blender; what comes of it is measured and drawn."""
