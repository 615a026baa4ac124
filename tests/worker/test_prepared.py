"""Prepared once: the same head or speech costs nothing the second time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtalker.mapping.types import Hints
from mmtalker.mesh.mesh import Mesh
from mmtalker.progress import silent
from mmtalker.speech.audio import Audio
from mmtalker.worker.cache import DiskCache
from mmtalker.worker.heads import Given
from mmtalker.worker.prepared import PreparedStore
from tests.worker.conversation import tetrahedron
from tests.worker.stub_backend import StubTalker, stub_backend


@pytest.fixture
def talker() -> StubTalker:
    return StubTalker()


def head(size: float) -> Mesh:
    return Mesh(**tetrahedron(size))


def speech(seconds: float) -> Audio:
    return Audio(np.full(round(16000 * seconds), 0.25, np.float32))


def test_a_second_take_prepares_nothing(talker):
    store = PreparedStore(stub_backend(talker), None)
    first = store.head(head(1.0), silent), store.speech(speech(1.0), silent)
    second = store.head(head(1.0), silent), store.speech(speech(1.0), silent)
    assert talker.prepared == ["map", "head", "speech"]
    assert [one.cached for one in (*first, *second)] == [False, False, True, True]
    assert second[0].value is first[0].value
    assert store.known_head(first[0].key) is first[0].value
    assert store.known_speech(first[1].key) is first[1].value


def test_the_disk_serves_another_process_but_not_another_model(talker, tmp_path):
    PreparedStore(stub_backend(talker), DiskCache(tmp_path)).head(head(1.0), silent)

    again = PreparedStore(stub_backend(talker), DiskCache(tmp_path)).head(head(1.0), silent)
    assert again.cached and talker.prepared == ["map", "head"]
    np.testing.assert_array_equal(again.value.shapes[0], head(1.0).vertices)

    newer = StubTalker(fingerprint="stub-2")
    assert not PreparedStore(stub_backend(newer), DiskCache(tmp_path)).head(head(1.0), silent).cached


def test_an_entry_that_does_not_fit_is_made_again(talker, tmp_path):
    disk = DiskCache(tmp_path)
    key = PreparedStore(stub_backend(talker), disk).head(head(1.0), silent).key
    disk.put(key, {"something": np.zeros(3)})

    again = PreparedStore(stub_backend(talker), disk).head(head(1.0), silent)

    assert not again.cached
    assert PreparedStore(stub_backend(talker), disk).head(head(1.0), silent).cached


@pytest.mark.parametrize("kind", ["head", "map", "speech"])
def test_another_ones_entry_of_the_same_size_is_not_taken_for_its_own(talker, tmp_path, kind):
    """Given the entries of two heads and clips, when one's file lies under the other's name."""

    def make(size: float) -> tuple:
        store = PreparedStore(stub_backend(talker), DiskCache(tmp_path))
        return store.head(head(size), silent).value.shapes, store.speech(speech(size), silent).value.energy

    make(2.0)
    others = {path.name for path in tmp_path.iterdir()}
    make(1.0)
    (other,) = [name for name in others if name.startswith(kind)]
    (own,) = [path for path in tmp_path.iterdir() if path.name.startswith(kind) and path.name not in others]
    own.write_bytes((tmp_path / other).read_bytes())

    for _ in range(2):
        shapes, energy = make(1.0)
        np.testing.assert_array_equal(shapes[0], head(1.0).vertices)
        assert len(energy) == 50


@pytest.mark.parametrize("error", [RuntimeError("x"), AttributeError("x"), OverflowError("x")])
def test_whatever_restoring_raises_the_head_is_made_anew(talker, tmp_path, error):
    PreparedStore(stub_backend(talker), DiskCache(tmp_path)).head(head(1.0), silent)

    def fail(*_arguments):
        raise error

    broken = replace(stub_backend(talker), restore_head=fail)
    again = PreparedStore(broken, DiskCache(tmp_path)).head(head(1.0), silent)
    assert not again.cached


def test_what_was_mapped_to_be_looked_at_is_spoken_with(talker):
    store = PreparedStore(stub_backend(talker), None)
    given = Given({"chin": np.array([0.0, 0.0, 1.0])})
    assert store.mapping(head(1.0), silent, given) is store.mapping(head(1.0), silent, given)
    store.head(head(1.0), silent, given)
    assert talker.prepared == ["map", "head"]


def test_a_mapping_on_disk_serves_another_process_but_not_other_networks(talker, tmp_path):
    given = Given({"chin": np.array([0.0, 0.1, 1.0])})
    first = PreparedStore(stub_backend(talker), DiskCache(tmp_path)).mapping(head(1.0), silent, given)
    again = PreparedStore(stub_backend(talker), DiskCache(tmp_path)).mapping(head(1.0), silent, given)
    assert talker.prepared == ["map"]
    np.testing.assert_array_equal(again.points["chin"], first.points["chin"])
    assert (again.regions, again.mouth, again.warnings) == (first.regions, first.mouth, first.warnings)

    newer = StubTalker(fingerprint="stub-2")
    PreparedStore(stub_backend(newer), DiskCache(tmp_path)).mapping(head(1.0), silent, given)
    assert newer.prepared == ["map"]


def test_mappings_in_memory_are_bounded_and_the_oldest_goes_first(talker, monkeypatch):
    one = PreparedStore(stub_backend(talker), None)
    one.mapping(head(1.0), silent)
    size = sum(size for _, size in one._mappings._entries.values())
    monkeypatch.setattr("mmtalker.worker.prepared.MAPPING_BYTES", int(2.5 * size))
    store = PreparedStore(stub_backend(talker), None)
    first = store.mapping(head(1.0), silent)
    store.mapping(head(2.0), silent)
    assert store.mapping(head(1.0), silent) is first
    store.mapping(head(3.0), silent)
    assert store.mapping(head(1.0), silent) is first
    asked = len(talker.prepared)
    store.mapping(head(2.0), silent)
    assert len(talker.prepared) == asked + 1


@pytest.mark.parametrize(
    "other",
    [
        Given({"chin": np.array([0.0, 0.0, 1.1])}),
        Given({"nose_tip": np.array([0.0, 0.0, 1.0])}),
        Given({"chin": np.array([0.0, 0.0, 1.0])}, Hints(("Teeth",), np.zeros(4, np.int32))),
        Given(),
    ],
    ids=["moved further", "another landmark", "with hints", "nothing moved"],
)
def test_what_the_animator_said_makes_another_head(talker, tmp_path, other):
    moved = Given({"chin": np.array([0.0, 0.0, 1.0])})
    store = PreparedStore(stub_backend(talker), DiskCache(tmp_path))
    first = store.head(head(1.0), silent, moved)
    second = store.head(head(1.0), silent, other)
    assert first.key != second.key and not second.cached
    assert store.head(head(1.0), silent, moved).key == first.key


def test_hints_are_told_apart_by_name_and_by_polygon(talker):
    store = PreparedStore(stub_backend(talker), None)
    parts = [np.zeros(4, np.int32), np.array([0, 0, 0, 1], np.int32)]
    hints = [Hints(names, part) for names in (("Skin", "Teeth"), ("Skin", "Tongue")) for part in parts]
    keys = {store.head(head(1.0), silent, Given(hints=one)).key for one in hints}
    assert len(keys) == 4


def test_memory_is_bounded_and_the_newest_stays(talker):
    store = PreparedStore(stub_backend(talker), None, max_bytes=250)  # a stub head takes 96 bytes
    keys = [store.head(head(size), silent).key for size in (1.0, 2.0)]
    store.head(head(1.0), silent)  # now 2.0 is the one not used for longest
    keys.append(store.head(head(3.0), silent).key)
    assert [store.known_head(key) is not None for key in keys] == [True, False, True]

    tiny = PreparedStore(stub_backend(talker), None, max_bytes=1)
    assert tiny.known_head(tiny.head(head(1.0), silent).key) is not None
