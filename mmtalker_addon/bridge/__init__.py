"""Blender data in and out: the only place that reads meshes and strips and writes keys and Actions."""
