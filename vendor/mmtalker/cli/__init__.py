"""The command line: ``python -m mmtalker`` and ``python vendor``."""

from mmtalker.cli.entry import main

__all__ = ["main"]
