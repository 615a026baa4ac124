"""MMTalker's Blender side: a head mesh and a voice recording in, shape keys and an Action out."""

from __future__ import annotations


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
