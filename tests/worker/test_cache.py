"""Arrays kept on disk by content: found again, bounded, and never the reason of a failure."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmtalker.worker import cache as cache_module
from mmtalker.worker.cache import DiskCache, content_key

ARRAYS = {"shapes": np.arange(12, dtype=np.float32).reshape(2, 2, 3), "features": np.ones((3, 2), np.float16)}


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".mmtcache")


def test_what_is_put_is_found_by_another_process(tmp_path):
    DiskCache(tmp_path / "new" / "folder").put("head-1", ARRAYS)
    found = DiskCache(tmp_path / "new" / "folder").get("head-1")
    assert found is not None and found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_nothing_is_found_where_nothing_was_put(tmp_path):
    assert DiskCache(tmp_path / "none").get("head-1") is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_entry_is_dropped(tmp_path, damage):
    cache = DiskCache(tmp_path)
    cache.put("head-1", ARRAYS)
    (path,) = entries(tmp_path)
    content = bytearray(path.read_bytes())
    middle = content.index(ARRAYS["shapes"].tobytes()) + 8
    content[middle] ^= 0xFF
    damaged = {
        "cut": path.read_bytes()[:-40],
        "flipped": bytes(content),
        "empty": b"",
        "text": b"no archive",
    }
    path.write_bytes(damaged[damage])

    assert cache.get("head-1") is None
    assert entries(tmp_path) == []
    cache.put("head-1", ARRAYS)
    assert cache.get("head-1") is not None


def swapped(folder: Path, cache: DiskCache) -> None:
    """Another entry of the same shapes takes its place."""
    cache.put("head-2", {name: array + 1 for name, array in ARRAYS.items()})
    (folder / "head-2.mmtcache").replace(folder / "head-1.mmtcache")


def rewritten(change):
    """A well-formed file with other arrays in it, its digest kept."""

    def harm(folder: Path, _cache: DiskCache) -> None:
        path = folder / "head-1.mmtcache"
        with np.load(path) as entry:
            arrays = dict(entry)
        change(arrays)
        with path.open("wb") as file:
            np.savez(file, **arrays)

    return harm


HARMS = {
    "swapped": swapped,
    "shortened": rewritten(lambda arrays: arrays.update(shapes=arrays["shapes"][:, :1])),
    "one value": rewritten(lambda arrays: arrays["shapes"].put(3, 99.0)),
    "another type": rewritten(lambda arrays: arrays.update(shapes=arrays["shapes"].astype(np.float64))),
    "renamed": rewritten(lambda arrays: arrays.update(shape=arrays.pop("shapes"))),
    "one more": rewritten(lambda arrays: arrays.update(more=np.zeros(3))),
    "one less": rewritten(lambda arrays: arrays.pop("features")),
    "without a digest": rewritten(lambda arrays: arrays.pop("cache entry")),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_an_entry_that_is_not_what_was_put_is_dropped(tmp_path, harm, caplog):
    cache = DiskCache(tmp_path)
    cache.put("head-1", ARRAYS)
    harm(tmp_path, cache)
    assert cache.get("head-1") is None
    assert not (tmp_path / "head-1.mmtcache").exists()
    assert "dropping the damaged cache entry" in caplog.text


def test_a_header_that_claims_more_than_there_is_is_dropped(tmp_path):
    """Given 10^15 numbers in the header of an array, no memory is asked for in vain for ever."""
    cache = DiskCache(tmp_path)
    cache.put("head-1", {"data": np.zeros(10, np.float32)})
    path = tmp_path / "head-1.mmtcache"
    with zipfile.ZipFile(path, "w") as archive:
        header = (
            b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
        )
        archive.writestr("data.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert cache.get("head-1") is None
    assert entries(tmp_path) == []


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    with (tmp_path / "head-1.mmtcache").open("wb") as file:
        np.savez(file, evil=np.array([Bomb()], dtype=object))
    assert DiskCache(tmp_path).get("head-1") is None
    assert not (tmp_path / "exploded").exists()


def test_the_least_recently_used_go_first(tmp_path):
    big = {"data": np.zeros(1000, np.uint8)}
    cache = DiskCache(tmp_path, max_bytes=4800)
    for age, key in enumerate(["head-a", "head-b", "head-c"]):
        cache.put(key, big)
        os.utime(tmp_path / f"{key}.mmtcache", (1000 + age, 1000 + age))
    assert cache.get("head-a") is not None  # used just now, so it is the youngest

    cache.put("head-d", big)

    kept = {path.stem for path in entries(tmp_path)}
    assert "head-b" not in kept
    assert {"head-a", "head-d"} <= kept


def test_the_bound_is_the_one_that_artists_are_told():
    readme = (Path(__file__).resolve().parents[2] / "docs" / "animators.md").read_text(encoding="utf-8")
    assert cache_module.DEFAULT_MAX_BYTES == 2 << 30 and "up to 2 GiB" in readme


def test_what_is_larger_than_the_cache_is_not_kept(tmp_path):
    cache = DiskCache(tmp_path, max_bytes=100)
    cache.put("head-1", {"data": np.zeros(1000, np.uint8)})
    assert entries(tmp_path) == []


def test_trimming_touches_nothing_but_its_own_entries(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(bytes(10_000))
    cache = DiskCache(tmp_path, max_bytes=1500)
    cache.put("head-a", {"data": np.zeros(1000, np.uint8)})
    cache.put("head-b", {"data": np.zeros(1000, np.uint8)})
    assert (tmp_path / "holiday.jpg").exists()
    assert len(entries(tmp_path)) == 1


def test_leftovers_of_a_killed_process_are_cleared(tmp_path):
    leftover = tmp_path / ".head-x-0123.tmp.mmtcache"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1000, 1000))
    DiskCache(tmp_path).put("head-a", ARRAYS)
    assert not leftover.exists()


def test_a_full_disk_only_disables_it(tmp_path, monkeypatch, caplog):
    cache = DiskCache(tmp_path)
    cache.put("head-a", ARRAYS)

    def full(*_arguments, **_arrays):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_module.np, "savez", full)
    cache.put("head-b", ARRAYS)
    monkeypatch.undo()
    cache.put("head-c", ARRAYS)

    assert [path.stem for path in tmp_path.iterdir()] == ["head-a"]
    assert cache.get("head-a") is not None
    assert "nothing more is kept" in caplog.text


def test_a_folder_that_cannot_be_made_only_disables_it(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = DiskCache(tmp_path / "file" / "cache")
    cache.put("head-a", ARRAYS)
    assert cache.get("head-a") is None


def test_the_key_tells_apart_whatever_differs():
    base = {"vertices": np.zeros((4, 3), np.float32)}
    keys = {
        content_key("head", "model 1", base),
        content_key("speech", "model 1", base),
        content_key("head", "model 2", base),
        content_key("head", "model 1", {"vertices": np.ones((4, 3), np.float32)}),
        content_key("head", "model 1", {"vertices": np.zeros((3, 4), np.float32)}),
        content_key("head", "model 1", {"vertices": np.zeros((4, 3), np.int32)}),
        content_key("head", "model 1", {"corners": np.zeros((4, 3), np.float32)}),
        content_key("head", "model 1", {**base, "empty": np.zeros(0, np.float32)}),
    }
    assert len(keys) == 8
    strided = np.zeros((4, 6), np.float32)[:, ::2]
    assert content_key("head", "model 1", {"vertices": strided}) == content_key("head", "model 1", base)
