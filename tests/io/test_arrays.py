"""Named arrays on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.arrays import write_arrays


@pytest.mark.parametrize("compress", [False, True])
def test_arrays_come_back_as_they_were(tmp_path: Path, compress: bool) -> None:
    arrays = {
        "names": np.array(["jawOpen", "größer"]),
        "shapes": np.arange(6, dtype=np.float32).reshape(2, 3),
    }

    write_arrays(tmp_path / "folder" / "kept.entry", arrays, compress=compress)

    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["kept.entry"]
    with np.load(tmp_path / "folder" / "kept.entry", allow_pickle=False) as archive:
        assert set(archive.files) == set(arrays)
        for name, values in arrays.items():
            np.testing.assert_array_equal(archive[name], values)


def test_a_place_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError) as refused:
        write_arrays(tmp_path, {"a": np.zeros(1)})
    assert refused.value.code is ErrorCode.FILE_FORMAT
