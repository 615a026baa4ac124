"""Tables that a command writes into a document, each between two marks that no reader sees.

<!-- begin NAME -->
...
<!-- end NAME -->
"""

from __future__ import annotations

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
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found or text.count(begin) != 1 or text.count(end) != 1:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"The document needs one line {begin.strip()} and after it one line {end}, between which a "
                "table is written.",
            )
        body = block.strip("\n")
        text = f"{before}{begin}{body}\n{end}{after}"
    return text


def write_blocks(document: Path, blocks: Mapping[str, str]) -> None:
    """Replace the named blocks of a file, all or none.

    Raises:
        MMTalkerError: FILE_FORMAT as of :func:`with_blocks`, and for a file that cannot be read or written.
    """
    try:
        text = document.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{document} cannot be read: {error}.") from error
    text = with_blocks(text, blocks)
    with replacing(document) as partial:
        partial.write_text(text, encoding="utf-8")
