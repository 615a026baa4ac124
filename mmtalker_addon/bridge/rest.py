"""Armatures at rest for a moment, so that what is read does not depend on the frame it is read at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


@contextmanager
def rest_pose(context: Any) -> Iterator[None]:
    """Put all armatures at rest within the block; afterwards they are posed as before.

    Eyes that hang on a bone are in the face only while skin and bone are in one pose, and shape keys are made
    of the skin before the bones have turned it.
    """
    posed = [armature for armature in bpy.data.armatures if armature.pose_position == "POSE"]
    try:
        for armature in posed:
            armature.pose_position = "REST"
        context.view_layer.update()
        yield
    finally:
        for armature in posed:
            armature.pose_position = "POSE"
        if posed:
            context.view_layer.update()
