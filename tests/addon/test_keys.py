"""Whose a shape key is: ours until somebody edits it, and the artist's from then on."""

import bpy
import numpy as np
import pytest

from mmtalker_addon.bridge import action, keys
from mmtalker_addon.ops import runs
from tests.addon.scenes import curves, generate, refusal


@pytest.fixture
def newer_weights(monkeypatch):
    """From here on every shape moves twice as far, as another model's might."""
    write = keys.write_shapes

    def begin() -> None:
        monkeypatch.setattr(
            keys,
            "write_shapes",
            lambda obj, shapes, rollback: write(obj, {name: 2 * d for name, d in shapes.items()}, rollback),
        )

    return begin


def moved(head, name: str) -> np.ndarray:
    """(V, 3) displacement of a key from the Basis."""
    blocks = head.data.shape_keys.key_blocks
    basis, block = (np.array([point.co for point in blocks[which].points]) for which in ("Basis", name))
    return block - basis


def test_keys_of_an_earlier_run_are_renewed(speaking, newer_weights):
    generate()
    newer_weights()

    generate()

    assert np.allclose(moved(speaking, "jawOpen"), [0.0, 0.0, -0.2], atol=1e-6)
    assert np.allclose(moved(speaking, "mouthClose"), [0.0, 0.0, 0.1], atol=1e-6)
    assert "Shape keys: 2 renewed." in runs.last().message


def test_key_that_the_artist_edited_is_never_overwritten(speaking, newer_weights):
    generate()
    speaking.data.shape_keys.key_blocks["jawOpen"].points[7].co.x += 0.5
    sculpted = moved(speaking, "jawOpen")
    newer_weights()

    generate()
    generate()

    assert np.array_equal(moved(speaking, "jawOpen"), sculpted)
    assert np.allclose(moved(speaking, "mouthClose"), [0.0, 0.0, 0.1], atol=1e-6)
    assert 'key_blocks["jawOpen"].value' in curves(speaking)
    assert "Shape keys: 1 renewed, 1 of your own." in runs.last().message


def test_edited_key_is_told_once(speaking):
    generate()
    speaking.data.shape_keys.key_blocks["jawOpen"].points[7].co.x += 0.5
    generate()
    assert any("kept your shape: jawOpen." in warning for warning in runs.last().warnings)
    generate()
    assert not any("kept your shape" in warning for warning in runs.last().warnings)


def test_key_of_the_artist_is_no_news(speaking, newer_weights):
    speaking.shape_key_add(name="Basis")
    speaking.shape_key_add(name="jawOpen")
    generate()
    newer_weights()
    generate()
    assert np.array_equal(moved(speaking, "jawOpen"), np.zeros((42, 3)))
    assert not any("kept your shape" in warning for warning in runs.last().warnings)


def test_key_put_on_another_base_is_the_artists(speaking, newer_weights):
    generate()
    blocks = speaking.data.shape_keys.key_blocks
    blocks["jawOpen"].relative_key = blocks["mouthClose"]
    newer_weights()
    generate()
    assert np.allclose(moved(speaking, "jawOpen"), [0.0, 0.0, -0.1], atol=1e-6)


def test_renewed_keys_follow_the_basis(speaking):
    """The Basis was moved by a script, which leaves the other keys where they are."""
    generate()
    speaking.data.shape_keys.key_blocks["Basis"].points[7].co.x += 0.5
    generate()
    assert np.allclose(moved(speaking, "jawOpen"), [0.0, 0.0, -0.1], atol=1e-6)


def test_what_is_ours_survives_saving_and_copying(speaking, newer_weights, tmp_path):
    generate()
    path = str(tmp_path / "speech.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    head = bpy.data.objects["Anna"]
    twin = head.copy()
    twin.data = head.data.copy()
    bpy.context.collection.objects.link(twin)
    bpy.context.scene.mmtalker.head = twin
    newer_weights()

    generate()

    assert np.allclose(moved(twin, "jawOpen"), [0.0, 0.0, -0.2], atol=1e-6)
    assert np.allclose(moved(head, "jawOpen"), [0.0, 0.0, -0.1], atol=1e-6)


def test_error_afterwards_gives_renewed_keys_their_old_shape(speaking, newer_weights, monkeypatch):
    generate()
    speaking.shape_key_remove(speaking.data.shape_keys.key_blocks["mouthClose"])
    tag = dict(speaking.data.shape_keys["mmtalker_keys"])
    newer_weights()

    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(action, "pack_keys", fail)
        refusal()

    assert [block.name for block in speaking.data.shape_keys.key_blocks] == ["Basis", "jawOpen"]
    assert np.allclose(moved(speaking, "jawOpen"), [0.0, 0.0, -0.1], atol=1e-6)
    assert dict(speaking.data.shape_keys["mmtalker_keys"]) == tag
