"""The demo: a shipped head speaks a shipped sentence, in Blender, and what comes of it is measured and drawn."""
