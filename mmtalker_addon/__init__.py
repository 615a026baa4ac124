"""MMTalker's Blender side: a head mesh and a voice recording in, shape keys and an Action out."""

from __future__ import annotations


def register() -> None:
    # Only now: the halves without Blender are imported by tests and tools where there is no bpy.
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration  # as above

    registration.unregister()
