"""Training the networks that find a face: the truth of a picture, and a stopped run that goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.bank.bank import HeadCloud
from lab.training import places
from lab.training.places import Sample, coarse_sample, draw, fine_sample, learn, losses
from mmtalker.mapping.cameras import COARSE_SIZE, FINE_CHANNELS, FINE_SIZE
from mmtalker.mapping.cloud import spread
from mmtalker.mapping.locate import Networks
from mmtalker.mapping.network import PixelConfig, PixelPlaces
from mmtalker.mapping.views import CHANNELS
from mmtalker.mapping.weights import load_networks, save_networks
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import CHART_ROLES

HEAD = load_canonical()
SMALL = {"coarse": PixelConfig(CHANNELS, (8, 8, 12), 1), "fine": PixelConfig(FINE_CHANNELS, (8, 8, 12), 1)}


def canonical_cloud(shift: float = 0.0, seed: int = 0) -> HeadCloud:
    """The canonical head; shifted, it lies elsewhere but its places are the same."""
    vertices, triangles = HEAD.vertices.astype(np.float64), HEAD.triangles.astype(np.int64)
    cloud = spread(vertices, triangles, 30_000, np.random.default_rng(seed))
    on_chart = np.isin(HEAD.role, CHART_ROLES)
    place = np.where(on_chart[:, None], vertices, 0.0)
    return HeadCloud(
        points=(cloud.points + np.float32(shift)).astype(np.float16),
        normals=cloud.normals.astype(np.float16),
        place=cloud.read(place, triangles).astype(np.float16),
        on_chart=on_chart[triangles[cloud.triangle]].all(axis=1),
    )


@pytest.fixture(scope="module")
def bank() -> list[HeadCloud]:
    return [canonical_cloud(), canonical_cloud(shift=0.004, seed=1)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks and batches that a step takes no time with."""
    monkeypatch.setattr(places, "CONFIGS", SMALL)
    monkeypatch.setattr(places, "HEADS", {"coarse": 1, "fine": 1})
    monkeypatch.setattr(places, "COARSE_POINTS", 6000)


class Still:
    """Chance that never moves anything: the similarity is the identity, and nothing is mirrored."""

    def random(self) -> float:
        return 0.9

    def normal(self, size: int | None = None) -> np.ndarray | float:
        return 0.0 if size is None else np.zeros(size)

    def choice(self, some: Sequence[float]) -> float:
        return some[0]


def fine(head: HeadCloud) -> Sample:
    return fine_sample(head, Still())  # type: ignore[arg-type]


def test_where_nothing_is_wrong_the_truth_is_where_the_pixel_is(bank: list[HeadCloud]) -> None:
    sample = fine(bank[0])
    half = FINE_SIZE // 2
    assert sample.image.shape == (4, FINE_CHANNELS, FINE_SIZE, FINE_SIZE)
    assert sample.place.shape == sample.base.shape == (4, 3, half, half)
    assert sample.face.shape == (4, half, half)
    assert 0.2 < float(sample.face.float().mean()) < 0.95
    apart = (sample.place - sample.base).norm(dim=1)[sample.face]
    # Half precision at a decimetre; both are in decimetres.
    assert float(apart.max()) < 0.002


def test_a_head_that_lies_aside_has_that_much_to_be_corrected(bank: list[HeadCloud]) -> None:
    sample = fine(bank[1])
    apart = (sample.base - sample.place).permute(0, 2, 3, 1)[sample.face]
    torch.testing.assert_close(apart, torch.full_like(apart, 0.04), atol=0.003, rtol=0.0)


def test_chance_moves_the_head_and_not_its_places(bank: list[HeadCloud]) -> None:
    sample = fine_sample(bank[0], np.random.default_rng(5))
    apart = (sample.place - sample.base).norm(dim=1)[sample.face]
    assert 0.01 < float(apart.median()) < 0.5
    low, high = HEAD.vertices.min(axis=0) * 10.0 - 0.01, HEAD.vertices.max(axis=0) * 10.0 + 0.01
    place = sample.place.permute(0, 2, 3, 1)[sample.face].numpy()
    assert ((place >= low) & (place <= high)).all()


def test_a_mirrored_head_has_mirrored_places(bank: list[HeadCloud]) -> None:
    class Mirror(Still):
        def random(self) -> float:
            return 0.1

    right_half = bank[0].place[:, 0] < 0.0
    half = HeadCloud(*(part[right_half] for part in vars(bank[0]).values()))
    sample = fine_sample(half, Mirror())  # type: ignore[arg-type]
    place = sample.place.permute(0, 2, 3, 1)[sample.face]
    assert len(place) > 500 and float(place[:, 0].min()) >= 0.0
    assert float((sample.place - sample.base).norm(dim=1)[sample.face].max()) < 0.002


def test_what_has_no_place_and_what_is_not_there_is_no_face(bank: list[HeadCloud]) -> None:
    plain = bank[0]
    none = HeadCloud(plain.points, plain.normals, plain.place, np.zeros_like(plain.on_chart))
    assert not fine(none).face.any()
    sample = fine(plain)
    shown = sample.image[:, -1, ::2, ::2] > 0.0
    assert (shown | ~sample.face).all() and not shown.all()


@pytest.mark.parametrize("make", [coarse_sample, fine_sample])
def test_the_same_chance_draws_the_same_pictures(
    bank: list[HeadCloud], make: Callable[[HeadCloud, np.random.Generator], Sample]
) -> None:
    one, same, other = (make(bank[0], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.image, same.image) and torch.equal(one.place, same.place)
    assert not torch.equal(one.image, other.image)


def test_coarse_views_are_of_the_whole_head_with_places_from_nothing(bank: list[HeadCloud]) -> None:
    sample = coarse_sample(bank[0], np.random.default_rng(0))
    assert sample.image.shape == (3, CHANNELS, COARSE_SIZE, COARSE_SIZE)
    assert not sample.base.any()
    assert sample.face.any()
    low, high = HEAD.vertices.min(axis=0) * 10.0 - 0.01, HEAD.vertices.max(axis=0) * 10.0 + 0.01
    place = sample.place.permute(0, 2, 3, 1)[sample.face].numpy()
    assert ((place >= low) & (place <= high)).all()
    assert place.std(axis=0).min() > 0.1


@pytest.mark.parametrize(("name", "views"), [("coarse", 3), ("fine", 4)])
def test_a_batch_is_as_large_as_it_says(name: str, views: int, bank: list[HeadCloud], small: None) -> None:
    batch = draw(name, bank, np.random.default_rng(0))
    sizes = {len(getattr(batch, part)) for part in ("image", "place", "face", "base")}
    assert sizes == {views}


def test_a_batch_shows_the_ears_from_the_side(bank: list[HeadCloud]) -> None:
    ear = HEAD.vertices[HEAD.landmarks["ear_left"]]
    sample = fine(bank[0])
    seen = [sample.place[view].permute(1, 2, 0)[sample.face[view]].numpy() / 10.0 for view in range(4)]
    # From the front an ear is a rim of a few pixels.
    near = [(np.linalg.norm(np.abs(places) - np.abs(ear), axis=1) < 0.02).sum() for places in seen]
    assert near[3] > 50 and near[3] > 2 * max(near[:3])


def said(sample: Sample, off: float = 0.0, scale: float = 0.1, face: float = 20.0) -> PixelPlaces:
    """An answer that is right but for what is given."""
    wrong = torch.zeros_like(sample.place)
    wrong[:, 0] = off
    logit = torch.where(sample.face, face, -face)
    return PixelPlaces(sample.place - sample.base + wrong, torch.full_like(logit, scale), logit)


def test_a_right_answer_loses_least(bank: list[HeadCloud]) -> None:
    sample = fine(bank[1])
    right, wrong = losses(said(sample), sample), losses(said(sample, off=0.05), sample)
    assert float(right["mm"]) == pytest.approx(0.0, abs=1e-3)
    assert float(wrong["mm"]) == pytest.approx(5.0, rel=1e-3)
    assert right["place"] < wrong["place"]
    assert float(right["face"]) < 1e-6 < float(losses(said(sample, face=-1.0), sample)["face"])


def test_the_scale_that_loses_least_is_a_third_of_the_error(bank: list[HeadCloud]) -> None:
    # In three dimensions the likelihood of a distance d is exp(-d / s) / s^3.
    sample = fine(bank[0])
    lost = {s: float(losses(said(sample, off=0.06, scale=s), sample)["place"]) for s in (0.01, 0.02, 0.04)}
    assert min(lost, key=lambda scale: lost[scale]) == 0.02


def test_where_there_is_no_face_its_place_does_not_matter(bank: list[HeadCloud]) -> None:
    plain = bank[0]
    none = HeadCloud(plain.points, plain.normals, plain.place, np.zeros_like(plain.on_chart))
    terms = losses(said(fine(none), off=9.0), fine(none))
    assert float(terms["place"]) == 0.0 and float(terms["mm"]) == 0.0


@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(
    name: str, bank: list[HeadCloud], small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learn(name, bank, 2, 7, tmp_path / "whole.pt")

    def cut(*arguments: object) -> Sample:
        """Draw the first batch, and break off at the second."""
        if (tmp_path / "parts.pt").exists():
            raise KeyboardInterrupt
        return draw(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(places, "CHECKPOINT_EVERY", 1)
        patch.setattr(places, "draw", cut)
        with pytest.raises(KeyboardInterrupt):
            learn(name, bank, 2, 7, tmp_path / "parts.pt")
    assert torch.load(tmp_path / "parts.pt", weights_only=True)["done"] == 1
    resumed = learn(name, bank, 2, 7, tmp_path / "parts.pt")

    one, other = (torch.load(tmp_path / f"{run}.pt", weights_only=True) for run in ("whole", "parts"))
    assert one["done"] == other["done"] == 2
    for part in ("network", "average"):
        for key, value in one[part].items():
            assert torch.equal(value, other[part][key]), key
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
    assert not list(tmp_path.glob("*.part"))


def test_a_finished_run_learns_no_more_and_another_seed_learns_other_things(
    bank: list[HeadCloud], small: None, tmp_path: Path
) -> None:
    first = learn("fine", bank, 1, 0, tmp_path / "a.pt")
    written = (tmp_path / "a.pt").stat().st_mtime_ns
    again = learn("fine", bank, 1, 0, tmp_path / "a.pt")
    assert (tmp_path / "a.pt").stat().st_mtime_ns == written
    assert torch.equal(first.out.weight, again.out.weight)
    other = learn("fine", bank, 1, 1, tmp_path / "b.pt")
    assert not torch.equal(first.out.weight, other.out.weight)


def test_a_run_goes_on_from_networks_that_it_is_given(
    bank: list[HeadCloud], small: None, tmp_path: Path
) -> None:
    before = learn("fine", bank, 1, 0, tmp_path / "a.pt")
    still = learn("fine", bank, 1, 0, tmp_path / "b.pt", start=before, rate=0.0)
    for one, same in zip(before.parameters(), still.parameters(), strict=True):
        assert torch.equal(one, same)
    moved = learn("fine", bank, 1, 0, tmp_path / "c.pt", start=before, rate=1e-4)
    assert not torch.equal(before.out.weight, moved.out.weight)


def test_only_the_network_that_learned_is_another_in_what_is_written(
    bank: list[HeadCloud], small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "fill_bank", lambda *_: iter(bank))
    torch.manual_seed(3)
    made = {name: places.PixelNetwork(config).eval() for name, config in SMALL.items()}
    start, out = tmp_path / "start.safetensors", tmp_path / "run"
    save_networks(Networks(**made), start, {})
    places.main(["fine", "--data", "x", "--bank", "x", "-o", str(out), "--start", str(start), "--steps", "1"])
    before, after = load_networks(start), load_networks(out / "mapping.safetensors")
    assert torch.equal(before.coarse.out.weight, after.coarse.out.weight)
    assert not torch.equal(before.fine.out.weight, after.fine.out.weight)


def test_learning_changes_what_is_learned(bank: list[HeadCloud], small: None, tmp_path: Path) -> None:
    learn("fine", bank, 1, 0, tmp_path / "a.pt")
    torch.manual_seed(0)
    untrained = places.PixelNetwork(SMALL["fine"]).state_dict()
    trained = torch.load(tmp_path / "a.pt", weights_only=True)
    for key in ("stem.0.weight", "middle.0.first.weight", "out.weight"):
        assert not torch.equal(untrained[key], trained["network"][key]), key
        assert not torch.equal(trained["average"][key], trained["network"][key]), key
