"""What a mesh remembers: kept whole, and never a reason to fail."""

import json

import numpy as np
import pytest

from mmtalker_addon.core.head_record import HeadCheck, HeadRecord, decode_head, encode_head, geometry_hash

RECORD = HeadRecord(
    geometry="abc",
    check=HeadCheck(
        topology="any",
        confidence=0.7,
        regions={"mouth": 0.5, "nose": 1.0},
        mouth="fused",
        lip_line=((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)),
        warnings=("Größe.",),
    ),
    corrections={"chin": (0.1, 0.2, 0.3)},
)


def test_comes_back_as_it_was():
    assert decode_head(encode_head(RECORD)) == RECORD


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "{", "[]", "null", '{"schema":1}'],
)
def test_what_is_not_ours_counts_as_not_checked(text):
    assert decode_head(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("corrections", {"chin": [1, 2]}),
        ("corrections", {"chin": [1, 2, float("inf")]}),
        ("regions", 3),
        ("confidence", "x"),
    ],
)
def test_what_is_damaged_or_newer_counts_as_not_checked(field, value):
    fields = json.loads(encode_head(RECORD))
    assert decode_head(json.dumps(fields | {field: value})) is None


def test_hash_changes_with_a_vertex_and_with_a_polygon():
    vertices = np.eye(3, dtype=np.float32)
    loops, starts = np.array([0, 1, 2], np.int32), np.array([0, 3], np.int32)
    whole = geometry_hash(vertices, loops, starts)
    assert whole == geometry_hash(vertices.copy(), loops.copy(), starts.copy())
    moved = vertices.copy()
    moved[1, 2] = np.nextafter(np.float32(0), np.float32(1))
    assert whole != geometry_hash(moved, loops, starts)
    assert whole != geometry_hash(vertices, loops[::-1], starts)
    assert whole != geometry_hash(vertices, loops, np.array([0, 2], np.int32))
