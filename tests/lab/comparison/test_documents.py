"""Tables that commands write into documents: only what lies between the marks changes."""

from pathlib import Path

import pytest

from lab.documents import with_blocks, write_blocks
from mmtalker.errors import MMTalkerError

PAGE = """# Speed
Before.
<!-- begin speed -->
| old |
<!-- end speed -->
Between.
<!-- begin memory -->
<!-- end memory -->
"""


def test_only_what_lies_between_the_marks_changes() -> None:
    text = with_blocks(PAGE, {"speed": "| new \\1 |\n", "memory": "| 1 GB |"})

    assert text == PAGE.replace("| old |", "| new \\1 |").replace(
        "<!-- end memory -->", "| 1 GB |\n<!-- end memory -->"
    )


def test_writing_twice_is_writing_once() -> None:
    once = with_blocks(PAGE, {"memory": "| 1 GB |"})

    assert with_blocks(once, {"memory": "| 1 GB |"}) == once


@pytest.mark.parametrize(
    "page", ["nothing", PAGE + PAGE, PAGE.replace("end speed", "end sped")], ids=["none", "two", "no end"]
)
def test_a_document_without_its_marks_is_refused_and_stays(page: str, tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(page, encoding="utf-8")

    with pytest.raises(MMTalkerError, match="<!-- begin speed -->"):
        write_blocks(document, {"speed": "| new |"})

    assert document.read_text(encoding="utf-8") == page
