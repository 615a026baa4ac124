"""The add-on's arithmetic: timing, curves, checks, names and records; NumPy alone, never bpy."""
