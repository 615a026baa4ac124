"""Seeded damage: the kinds that broken disks, downloads, exporters and strangers bring about."""

from __future__ import annotations

import random
import re

WORDS = (
    b"0",
    b"-1",
    b"1e300",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"true",
    b"99999999999999999999",
    b"\xed\xa0\x80",
)
INTEGERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_TOKEN = re.compile(rb'-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|"[^"\n]{0,40}"|[A-Za-z_]+')


def mutated(original: bytes, seed: int) -> bytes:
    """Return ``original`` with one to four changes; the same seed makes the same."""
    source = random.Random(seed)
    data = bytearray(original)
    for _ in range(source.randint(1, 4)):
        source.choice((_bits, _integer, _word, _cut, _twice, _swap, _head))(data, source)
    return bytes(data)


def _place(data: bytearray, source: random.Random) -> int:
    """Anywhere, one time in two among the first bytes, where headers are."""
    return source.randrange(max(1, len(data) if source.random() < 0.5 else min(len(data), 400)))


def _bits(data: bytearray, source: random.Random) -> None:
    for _ in range(source.randint(1, 8) if data else 0):
        data[_place(data, source)] ^= 1 << source.randrange(8)


def _integer(data: bytearray, source: random.Random) -> None:
    at, size = _place(data, source), source.choice((1, 2, 4, 8))
    value = source.choice(INTEGERS) % (1 << 8 * size)
    data[at : at + size] = value.to_bytes(size, source.choice(("little", "big")))


def _word(data: bytearray, source: random.Random) -> None:
    tokens = list(_TOKEN.finditer(bytes(data[:20_000])))
    if tokens:
        first, last = source.choice(tokens).span()
        data[first:last] = source.choice(WORDS)


def _cut(data: bytearray, source: random.Random) -> None:
    at = _place(data, source)
    del data[at : at + source.choice((1, 4, 64, len(data)))]


def _twice(data: bytearray, source: random.Random) -> None:
    at = _place(data, source)
    part = data[at : at + source.choice((1, 16, 256))]
    data[at:at] = part * source.choice((1, 2, 300))


def _swap(data: bytearray, source: random.Random) -> None:
    one, other, size = _place(data, source), _place(data, source), source.choice((1, 4, 32))
    part = data[one : one + size]
    data[one : one + size] = data[other : other + size]
    data[other : other + size] = part


def _head(data: bytearray, source: random.Random) -> None:
    del data[: source.choice((1, 3, 12))]
