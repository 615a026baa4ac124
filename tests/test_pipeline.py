"""Head and speech to shape keys and curves, with an untrained network: only the weights are not real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtalker.contact.modes import DETAIL_NAMES
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.symmetry import mirror_partners
from mmtalker.model.heads import chart_areas
from mmtalker.model.inference import SpeechFeatures
from mmtalker.model.loading import DEFAULT_FOLDER, save_model
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.pipeline import AnimateOptions, PreparedHead, PreparedSpeech, Talker
from mmtalker.speech.weights import ENCODER_FILE_NAME
from tests.model.small import SMALL, fill_zeros


def save_untrained(folder: Path, seed: int = 0, triangles: int | None = None, **settings) -> Path:
    """Save an untrained network for the canonical chart; ``triangles`` claims that it is for another."""
    canonical = load_canonical()
    area = torch.from_numpy(chart_areas(canonical.uv[canonical.chart_triangles]))
    torch.manual_seed(seed)
    network = MMTalkerNetwork(
        replace(SMALL, speech_width=512, chart_triangles=triangles or len(area), **settings), area
    )
    fill_zeros(network)
    save_model(network, folder, {})
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def talker(weights: Path) -> Talker:
    return Talker(device="cpu", weights=weights)


@pytest.fixture(scope="module")
def head(talker: Talker) -> PreparedHead:
    return talker.prepare_head(load_canonical().mesh)


def speech(seconds: float) -> PreparedSpeech:
    frames = round(seconds * 50)
    rng = np.random.default_rng(0)
    local = rng.standard_normal((SMALL.members, frames, SMALL.width)).astype(np.float16)
    whole = rng.standard_normal((1, SMALL.members, SMALL.width)).astype(np.float32)
    heard = SpeechFeatures(frames, local, whole, np.ones(frames, dtype=np.float32))
    return PreparedSpeech(heard, np.full(frames, -20.0, dtype=np.float32), seconds)


def test_a_head_gets_every_shape_in_its_own_size(talker: Talker, head: PreparedHead) -> None:
    assert (head.topology, talker.names) == ("anny", ARKIT_NAMES)
    assert head.shapes.shape == (len(head.names), head.mesh.vertex_count, 3)
    assert np.isfinite(head.shapes).all() and head.shapes.any()

    larger = replace(head.mesh, vertices=head.mesh.vertices * np.float32(100.0))
    shapes = talker.prepare_head(larger).shapes

    np.testing.assert_allclose(shapes, head.shapes * 100.0, atol=100.0 * np.ptp(head.shapes) * 1e-3)


def test_curves_are_as_long_as_was_asked_and_the_same_each_time(talker: Talker, head: PreparedHead) -> None:
    made = [talker.animate(head, speech(2.0), fps=24.0, seed=3) for _ in range(2)]

    assert made[0].curves.shape == (48, len(head.names))
    assert made[0].raw.shape == (100, len(head.names))
    np.testing.assert_array_equal(made[0].curves, made[1].curves)
    assert talker.animate(head, speech(2.0), fps=24.0, start_time=-1.0, frames=7).curves.shape == (7, 66)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(talker: Talker, head: PreparedHead, fps: float) -> None:
    with pytest.raises(MMTalkerError) as refused:
        talker.animate(head, speech(0.5), fps=fps)
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_a_style_changes_the_curves_and_an_unknown_one_is_refused(talker: Talker, head: PreparedHead) -> None:
    natural, other, none = (
        talker.animate(head, speech(2.0), fps=24.0, options=AnimateOptions(style=style, style_strength=far))
        for style, far in (("natural", 1.0), ("open", 1.0), ("open", 0.0))
    )

    assert not np.allclose(natural.raw, other.raw)
    np.testing.assert_array_equal(natural.raw, none.raw)
    with pytest.raises(MMTalkerError, match="natural, open"):
        talker.animate(head, speech(0.5), fps=24.0, options=AnimateOptions(style="angry"))


def test_what_is_kept_in_a_cache_speaks_as_before(talker: Talker, head: PreparedHead) -> None:
    again = PreparedHead.from_arrays(head.mesh, head.to_arrays())
    clip = PreparedSpeech.from_arrays(speech(1.0).to_arrays())

    before, after = talker.animate(head, speech(1.0), fps=30.0), talker.animate(again, clip, fps=30.0)

    np.testing.assert_array_equal(after.curves, before.curves)
    np.testing.assert_array_equal(after.shapes, before.shapes)
    assert (again.topology, again.confidence, again.warnings) == (
        head.topology,
        head.confidence,
        head.warnings,
    )


def test_shapes_kept_for_another_mesh_are_not_taken(head: PreparedHead) -> None:
    fewer = replace(head.mesh, vertices=head.mesh.vertices[:-1])
    with pytest.raises(ValueError, match="another mesh"):
        PreparedHead.from_arrays(fewer, head.to_arrays())


def test_the_fingerprint_tells_models_apart_and_tells_when_there_is_none(
    talker: Talker, weights: Path, tmp_path: Path
) -> None:
    if not (DEFAULT_FOLDER / ENCODER_FILE_NAME).is_file():
        pytest.skip(f"no {ENCODER_FILE_NAME} here")
    other = Talker(device="cpu", weights=save_untrained(tmp_path / "other", seed=1))
    assert talker.fingerprint == Talker(device="cpu", weights=weights).fingerprint
    assert talker.fingerprint != other.fingerprint
    for broken in (
        Talker(device="cpu", weights=tmp_path / "none"),
        Talker(device="cpu", weights=weights, encoder=tmp_path / "none"),
    ):
        with pytest.raises(MMTalkerError) as missing:
            assert broken.fingerprint
        assert missing.value.code is ErrorCode.WEIGHTS_MISSING


def test_another_type_to_count_in_has_a_fingerprint_of_its_own(weights: Path) -> None:
    fine, coarse = (Talker(device="cpu", weights=weights, dtype=name) for name in ("float32", "bfloat16"))
    assert (fine.dtype_name, coarse.dtype_name) == ("float32", "bfloat16")
    assert Talker(device="cpu", weights=weights, dtype="auto").dtype_name in ("float32", "bfloat16")
    if (DEFAULT_FOLDER / ENCODER_FILE_NAME).is_file():
        assert fine.fingerprint != coarse.fingerprint

    with pytest.raises(MMTalkerError, match="'float32' or 'bfloat16'") as refused:
        Talker(device="cpu", weights=weights, dtype="int4")
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_a_mapping_that_is_known_is_used_as_it_is(talker: Talker, head: PreparedHead) -> None:
    """Given all its vertices in another order, with their places."""
    order = np.random.default_rng(0).permutation(head.mesh.vertex_count)
    number = np.argsort(order)
    mesh = Mesh(
        head.mesh.vertices[order],
        number[head.mesh.loop_vertices].astype(np.int32),
        head.mesh.loop_starts,
    )
    own = map_head(head.mesh)
    mapping = replace(
        own,
        uv=own.uv[order],
        role=own.role[order],
        jaw_weight=own.jaw_weight[order],
        leader=own.leader[order],
        triangles=number[own.triangles].astype(np.int32),
    )

    shapes = talker.prepare_head(mesh, mapping=mapping).shapes

    np.testing.assert_allclose(shapes, head.shapes[:, order], atol=1e-3 * np.ptp(head.shapes))


def test_weights_for_another_chart_are_refused(tmp_path: Path) -> None:
    talker = Talker(device="cpu", weights=save_untrained(tmp_path, triangles=7))
    with pytest.raises(MMTalkerError, match="a chart of 7 triangles") as refused:
        talker.prepare_head(load_canonical().mesh)
    assert refused.value.code is ErrorCode.WEIGHTS_MISSING


def test_weights_whose_channels_are_not_arkits_are_refused(tmp_path: Path) -> None:
    names = tuple(f"mode_{number}" for number in range(52))
    talker = Talker(device="cpu", weights=save_untrained(tmp_path, names=names))
    with pytest.raises(MMTalkerError, match="52 channels of ARKit") as refused:
        talker.prepare_head(load_canonical().mesh)
    assert refused.value.code is ErrorCode.WEIGHTS_MISSING


def test_a_head_whose_lips_are_two_has_detail_modes_and_a_fused_one_has_none(talker: Talker) -> None:
    mesh = load_canonical().mesh
    mapping = map_head(mesh)

    parted = talker.prepare_head(mesh, mapping=mapping)
    fused = talker.prepare_head(mesh, mapping=replace(mapping, mouth=Mouth.FUSED))

    assert parted.names == ARKIT_NAMES + DETAIL_NAMES
    assert fused.names == ARKIT_NAMES and len(fused.lips) == 0
    assert talker.animate(fused, speech(1.0), fps=24.0).curves.shape == (24, 52)


def test_a_landmark_moved_on_one_side_tells_on_that_side_alone(talker: Talker) -> None:
    canonical = load_canonical()
    corner = canonical.vertices[canonical.landmarks["mouth_left"]].astype(np.float64)
    mapping = map_head(canonical.mesh, {"mouth_left": corner + np.array([0.004, 0.0, 0.0])})
    # What an untrained network makes is lopsided by itself: so not compared with the averaged shapes.
    plain = replace(map_head(canonical.mesh), moved=mapping.moved)
    corrected, usual = (talker.prepare_head(canonical.mesh, mapping=each).shapes for each in (mapping, plain))

    changed = np.abs(corrected - usual).max(axis=(0, 2))
    right, left = (
        changed[np.linalg.norm(canonical.vertices - corner * [side, 1.0, 1.0], axis=1) < 0.006].max()
        for side in (-1.0, 1.0)
    )
    assert mapping.lopsided
    assert left > 10.0 * right


def test_both_sides_moved_alike_leave_a_head_even() -> None:
    mapping = map_head(load_canonical().mesh)
    assert not mapping.lopsided
    assert not replace(mapping, moved=("chin", "eye_left_inner", "eye_right_inner")).lopsided
    assert replace(mapping, moved=("eye_left_inner", "eye_right_outer")).lopsided


def test_shapes_of_a_symmetric_head_are_mirror_images(head: PreparedHead) -> None:
    found = mirror_partners(head.mesh.vertices.astype(np.float64), load_canonical().triangles)
    assert found is not None
    swapped = head.shapes[:, found[0]] * np.float32([-1.0, 1.0, 1.0])
    size = float(np.abs(head.shapes).max())

    for name, other in (
        ("mouthLeft", "mouthRight"),
        ("jawOpen", "jawOpen"),
        (DETAIL_NAMES[0], DETAIL_NAMES[6]),
    ):
        made, twin = head.shapes[head.names.index(name)], swapped[head.names.index(other)]
        np.testing.assert_allclose(made, twin, atol=1e-5 * size)
