"""Pickles from strangers: data is read whatever wrote it, and nothing in them is ever run."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from lab.vertex_sets.safe_pickle import read_data_pickle
from mmtalker.errors import ErrorCode, MMTalkerError
from tests.lab.corpus.vertex_samples import python2_pickle

DATA = {
    "vertices": np.random.default_rng(0).random((4, 3)).astype(np.float32),
    "sound": np.arange(-5, 5, dtype=np.int16),
    "columns first": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "other byte order": np.arange(3, dtype=">f8"),
    "scalar": np.float32(2.5),
    "nothing": np.zeros((0, 3)),
    "plain": OrderedDict(a=[1, 2.5, None, True], b=(b"\xff\x00", b"", {3, 4})),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_plain_containers_come_back_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps(DATA, protocol))

    read = read_data_pickle(path)

    for name, value in DATA.items():
        if isinstance(value, np.ndarray):
            assert read[name].dtype == value.dtype
            np.testing.assert_array_equal(read[name], value)
        else:
            assert read[name] == value


def test_what_python_2_pickled_is_read_as_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    path.write_bytes(python2_pickle({"Bjørn": {"audio": DATA["sound"], "sample_rate": 22000}}))

    read = read_data_pickle(path)

    assert read["Bjørn"]["sample_rate"] == 22000
    np.testing.assert_array_equal(read["Bjørn"]["audio"], DATA["sound"])


class Runs:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> object:
        return self.call


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (pickle.dumps({"a": Runs(os.system, "touch ran")}), "system"),
        (pickle.dumps([Runs(eval, "1 + 1")], protocol=0), "eval"),
        (pickle.dumps(Runs(getattr, {}, "keys")), "getattr"),
        (pickle.dumps(Runs(bytearray, 10**12)), "bytearray"),
        (pickle.dumps(np.array([Runs(os.system, "touch ran")], dtype=object)), "O8"),
        (pickle.dumps(np.zeros(2, dtype=[("a", "f4")])), "V4"),
        (pickle.dumps(Path), "Path"),
        (pickle.dumps({"a": np.ndarray}), "a function as a value"),
        (b"\x80\x02cnumpy\ndtype\nN}X\x01\x00\x00\x00aK\x01s\x86b.", "the change of a function"),
    ],
)
def test_a_pickle_that_asks_for_more_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.pkl"
    path.write_bytes(content)

    with pytest.raises(MMTalkerError, match="not data") as caught:
        read_data_pickle(path)

    assert named in caught.value.message
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(DATA)[:90], b"\x80\x02K\x01"])
def test_a_damaged_pickle_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut.pkl"
    path.write_bytes(content)

    with pytest.raises(MMTalkerError, match="not a whole pickle") as caught:
        read_data_pickle(path)

    assert caught.value.code is ErrorCode.FILE_FORMAT


def test_lists_that_name_each_other_a_thousand_times_over_take_no_time(tmp_path: Path) -> None:
    nested: list[object] = []
    for _ in range(60):
        nested = [nested, nested]
    path = tmp_path / "deep.pkl"
    path.write_bytes(pickle.dumps(nested))

    read = read_data_pickle(path)

    assert read[0] is read[1]


def test_a_pickle_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="cannot be opened"):
        read_data_pickle(tmp_path / "absent.pkl")
