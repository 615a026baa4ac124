"""The cache swapped, shortened and otherwise harmed between two runs of the worker.

Given entries of two heads and two recordings on disk, when one is harmed and the worker starts anew, then the
next job is right in the same run, and what fits is in the entry's place again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.faults.conftest import Desk, assert_right

if os.name != "posix":
    pytest.skip("the worker of these tests is POSIX", allow_module_level=True)

KINDS = ("map", "head", "speech")


def rewritten(change: Callable[[dict], object]) -> Callable[[Path, Path], None]:
    """A well-formed entry with other arrays."""

    def harm(own: Path, _other: Path) -> None:
        with np.load(own) as entry:
            arrays = dict(entry)
        change(arrays)
        with own.open("wb") as file:
            np.savez(file, **arrays)

    return harm


def longest(arrays: dict) -> str:
    return max((name for name in arrays if name != "cache entry"), key=lambda name: arrays[name].nbytes)


def shorten(arrays: dict) -> None:
    name = longest(arrays)
    arrays[name] = arrays[name][:-1]


def change_one(arrays: dict) -> None:
    flat = arrays[longest(arrays)].reshape(-1)
    flat[len(flat) // 2] += 1


def make_folder(own: Path, _other: Path) -> None:
    own.unlink()
    own.mkdir()


def flip(own: Path, _other: Path) -> None:
    data = bytearray(own.read_bytes())
    data[len(data) // 2] ^= 0x10
    own.write_bytes(data)


HARMS: dict[str, Callable[[Path, Path], object]] = {
    "another one's": lambda own, other: shutil.copy(other, own),
    "one shorter": rewritten(shorten),
    "one number changed": rewritten(change_one),
    "another type": rewritten(lambda a: a.update({longest(a): a[longest(a)].astype(np.complex64)})),
    "emptied arrays": rewritten(lambda a: a.update({longest(a): a[longest(a)][:0]})),
    "an array gone": rewritten(lambda a: a.pop(longest(a))),
    "an array more": rewritten(lambda a: a.update(more=np.zeros(3))),
    "no digest": rewritten(lambda a: a.pop("cache entry")),
    "cut": lambda own, other: os.truncate(own, own.stat().st_size // 2),
    "empty": lambda own, other: own.write_bytes(b""),
    "text": lambda own, other: own.write_text("version https://git-lfs.github.com/spec/v1"),
    "one bit": flip,
    "zeros": lambda own, other: own.write_bytes(bytes(own.stat().st_size)),
    "gone": lambda own, other: own.unlink(),
    "a folder": make_folder,
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, str]]]:
    """A cache of two heads and recordings; the first one's and the second one's entry of each kind."""
    cache = tmp_path_factory.mktemp("prepared") / "cache"
    made: list[set[str]] = []
    for number in (1, 2):
        desk = Desk(tmp_path_factory.mktemp(f"desk-{number}"), size=float(number), seconds=0.5)
        (desk.folder / "voice.wav").write_bytes(wave_of(number))
        desk.cache = cache
        desk.make_client("none", "none")
        assert_right(desk.generate())
        desk.client.kill()
        made.append({path.name for path in cache.iterdir()}.difference(*made))
    pairs = {kind: tuple(next(n for n in names if n.startswith(kind)) for names in made) for kind in KINDS}
    return cache, pairs


def wave_of(number: int) -> bytes:
    from tests.worker.conversation import wav_bytes

    sound = bytearray(wav_bytes(0.5))
    sound[-2:] = number.to_bytes(2, "little")  # another one of the same length
    return bytes(sound)


def cases() -> list:
    """Each harm to each kind of entry; each harm to one kind in the quick run."""
    return [
        pytest.param(kind, harm, id=f"{kind} {name}", marks=[] if number % 3 == place else [pytest.mark.slow])
        for number, (name, harm) in enumerate(HARMS.items())
        for place, kind in enumerate(KINDS)
    ]


@pytest.mark.parametrize(("kind", "harm"), cases())
def test_a_harmed_entry_is_made_anew_in_the_same_run(make_desk, prepared, kind: str, harm) -> None:
    cache, pairs = prepared
    desk = make_desk()
    (desk.folder / "voice.wav").write_bytes(wave_of(1))
    shutil.copytree(cache, desk.cache)
    own, other = (desk.cache / name for name in pairs[kind])
    if kind == "map":
        (desk.cache / pairs["head"][0]).unlink()  # else it is not looked at
    whole = own.read_bytes()
    harm(own, other)
    before = desk.digest()

    assert_right(desk.generate())
    assert_right(desk.generate())

    assert desk.digest() == before
    assert other.read_bytes() == (cache / other.name).read_bytes()
    if not own.is_dir():
        with np.load(own) as made, np.load(cache / own.name) as kept:
            assert set(made) == set(kept) and whole
            assert all(np.array_equal(made[name], kept[name]) for name in kept)


@pytest.mark.parametrize("place", ["a file", "a dangling link", "nowhere"])
def test_a_cache_that_cannot_be_is_no_reason_to_fail(make_desk, tmp_path: Path, place: str) -> None:
    desk = make_desk()
    if place == "a file":
        desk.cache.write_bytes(b"in the way")
    elif place == "a dangling link":
        desk.cache.symlink_to(tmp_path / "gone" / "far")
    else:
        desk.cache = Path("/proc/no/such/place")
        desk.make_client("none", "none")
    before = desk.digest()
    assert_right(desk.generate())
    assert_right(desk.generate())
    assert desk.digest() == before
