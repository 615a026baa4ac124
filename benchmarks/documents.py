"""Tables that a command writes into a document, each between two marks that no reader sees.

<!-- begin NAME -->
...
<!-- end NAME -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing


def with_blocks(text: str, blocks: Mapping[str, str]) -> str:
    """Return a document in which what lies between the marks of each named block is replaced.

    Raises:
        MMTalkerError: FILE_FORMAT for a block without exactly one pair of marks.
    """
    for name, block in blocks.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
        if text.count(begin) != 1 or text.count(end) != 1 or not pattern.search(text):
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"The document needs one line {begin} and after it one line {end}, between which a table "
                "is written.",
            )
        body = block.strip("\n")
        text = pattern.sub(lambda found, body=body: f"{found[1]}{body}\n{found[2]}", text)
    return text


def write_blocks(document: Path, blocks: Mapping[str, str]) -> None:
    """Replace the named blocks of a file, all or none; errors as of :func:`with_blocks`."""
    text = with_blocks(document.read_text(encoding="utf-8"), blocks)
    with replacing(document) as partial:
        partial.write_text(text, encoding="utf-8")
