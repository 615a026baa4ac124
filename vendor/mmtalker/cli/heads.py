"""The head that a command line names: a file, or the word ``demo``."""

from __future__ import annotations

from pathlib import Path

from mmtalker.cli.exits import Exit, stopping_with
from mmtalker.io.heads import read_head
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh

DEMO_HEAD = "demo"


def read_named_head(name: str) -> Mesh:
    """Return the mesh that a name stands for.

    Args:
        name: a path, or ``DEMO_HEAD`` for the head that comes along.

    Raises:
        Stop: it cannot be read.
    """
    with stopping_with(Exit.HEAD):
        return load_canonical().mesh if name == DEMO_HEAD else read_head(Path(name))
