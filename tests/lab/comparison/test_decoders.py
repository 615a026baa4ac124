"""The trained baselines: each learns a made-up motion, goes on where it stopped, and keeps to its paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the baselines are torch modules")

import torch

from lab.baselines.base import displacement
from lab.baselines.decoder import Decoder
from lab.baselines.faceformer import PERIOD, REACH, BiasedSelfAttention, FaceFormerStyle
from lab.baselines.fit import MEASURED_BATCHES, KnownPoints, fit
from lab.baselines.systems import DECODERS
from lab.baselines.voca import WINDOW, VocaStyle
from lab.training.batches import Batch
from lab.training.config import TrainConfig
from mmtalker.errors import MMTalkerError
from tests.lab.comparison.constructed import (
    CHANNELS,
    LAYERS,
    POINTS,
    SHAPES,
    WIDTH,
    Constructed,
    speech,
    take,
)

EVERYWHERE = KnownPoints({"all": np.arange(POINTS)}, {"all": []}, POINTS)

CONFIG = TrainConfig(steps=40, learning_rate=1e-2, average=0.9)


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest) -> Decoder:
    torch.manual_seed(0)
    return DECODERS[request.param](LAYERS, WIDTH, POINTS)


@pytest.fixture
def faceformer() -> FaceFormerStyle:
    """One whose last layer says something."""
    torch.manual_seed(1)
    made = FaceFormerStyle(LAYERS, WIDTH, POINTS).eval()
    torch.nn.init.normal_(made.out.weight, std=0.1)
    return made


def test_every_decoder_learns_a_made_up_motion_better_than_the_still_face(
    decoder: Decoder, tmp_path: Path
) -> None:
    fitted = fit(decoder, Constructed(), torch.from_numpy(SHAPES), EVERYWHERE, CONFIG, tmp_path)

    features, curves = speech(np.random.default_rng(123), 40)
    truth = displacement(curves, SHAPES)
    made = fitted.predict(take(features))

    assert made.shape == truth.shape == (40, POINTS, 3)
    assert ((made - truth) ** 2).mean() < 0.5 * (truth**2).mean()


def test_an_untrained_decoder_speaks_of_any_length(decoder: Decoder) -> None:
    for frames in (1, 5, 2 * REACH):
        features, _ = speech(np.random.default_rng(0), frames)
        assert decoder.eval().predict(take(features)).shape == (frames, POINTS, 3)


def test_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, shapes = replace(CONFIG, steps=6), torch.from_numpy(SHAPES)

    def fresh() -> VocaStyle:
        torch.manual_seed(2)
        return VocaStyle(LAYERS, WIDTH, POINTS)

    class Stopped(Constructed):
        left = MEASURED_BATCHES + 5

        def draw(self, rng: np.random.Generator) -> Batch:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().draw(rng)

    whole = fit(fresh(), Constructed(), shapes, EVERYWHERE, config, tmp_path / "whole")
    monkeypatch.setattr("lab.training.loop.CHECKPOINT_EVERY", 3)
    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), Stopped(), shapes, EVERYWHERE, config, tmp_path / "halves")
    halves = fit(fresh(), Constructed(), shapes, EVERYWHERE, config, tmp_path / "halves")

    for ours, theirs in zip(halves.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    with pytest.raises(MMTalkerError, match="other settings"):
        fit(fresh(), Constructed(), shapes, EVERYWHERE, replace(config, steps=7), tmp_path / "halves")


def test_points_count_where_a_source_knows_what_their_list_needs() -> None:
    lists = {"lips": np.array([0, 1]), "brows": np.array([2, 3]), "eyes": np.array([3, 4])}
    points = KnownPoints(lists, {"lips": [0], "brows": [1], "eyes": [1, 2]}, count=6)
    known = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).bool()
    # The last point is in no list.
    everything, lips, brows, nothing = [1] * 6, [1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 0, 1], [0] * 6
    assert points.mask(known).int().tolist() == [everything, lips, brows, nothing]


def test_where_a_source_says_nothing_a_decoder_learns_from_the_others(tmp_path: Path) -> None:
    upper = np.arange(POINTS // 2)
    lists = {"upper": upper, "lower": np.arange(POINTS // 2, POINTS)}

    # Half of the windows lack the last channel, and would teach that it never moves.
    draws, shapes = Constructed(known_first=CHANNELS - 1), torch.from_numpy(SHAPES)
    features, curves = speech(np.random.default_rng(123), 40)
    truth = displacement(curves, SHAPES)

    def error(points: KnownPoints, name: str) -> float:
        torch.manual_seed(0)
        fitted = fit(VocaStyle(LAYERS, WIDTH, POINTS), draws, shapes, points, CONFIG, tmp_path / name)
        return float(((fitted.predict(take(features)) - truth)[:, upper] ** 2).mean())

    assert error(KnownPoints(lists, {"upper": [CHANNELS - 1], "lower": [0]}, POINTS), "apart") < 0.9 * error(
        EVERYWHERE, "mixed"
    )


def test_vocas_frame_sees_sixteen_frames_of_speech_and_its_components_span_the_motion() -> None:
    torch.manual_seed(0)
    voca = VocaStyle(LAYERS, WIDTH, POINTS)
    _, curves = speech(np.random.default_rng(1), 200)
    truth = torch.from_numpy(displacement(curves, SHAPES))
    features = torch.randn(1, 40, LAYERS, WIDTH)
    voca.start(features[0], truth)

    changed = features.clone()
    changed[0, 20] += 5.0
    seen_by = (voca.animate(changed) != voca.animate(features)).any(dim=-1).any(dim=-1)[0].nonzero().flatten()
    assert seen_by[0] >= 20 - WINDOW // 2 + 1 and seen_by[-1] <= 20 + WINDOW // 2
    assert len(seen_by) > WINDOW // 2

    # Motion that was never seen, of the same shapes, is a mixture of the components.
    other = torch.from_numpy(displacement(curves[::-1] * 0.5, SHAPES)).flatten(1)
    mixture = voca.decode.weight @ torch.linalg.lstsq(voca.decode.weight, other.T, driver="gelsd").solution
    assert torch.allclose(mixture.T, other, atol=1e-3)


def test_faceformer_on_its_own_is_faceformer_told_its_own_output(faceformer: FaceFormerStyle) -> None:
    # Given a recording longer than attention looks back.
    features = torch.randn(1, REACH + 25, LAYERS, WIDTH)
    before = torch.randn(1, POINTS, 3)
    made = faceformer.animate(features, before)
    told = faceformer.teacher_forced(features, made, before)
    assert made.abs().max() > 0.1
    assert torch.allclose(told, made, atol=1e-4)


def test_faceformer_hears_no_speech_that_is_to_come_and_sees_no_motion_that_is(
    faceformer: FaceFormerStyle,
) -> None:
    features, truth = torch.randn(1, 20, LAYERS, WIDTH), torch.randn(1, 20, POINTS, 3)
    before = torch.zeros(1, POINTS, 3)
    made = faceformer.teacher_forced(features, truth, before)

    later = features.clone()
    later[:, 10] += 3.0
    assert torch.equal(faceformer.teacher_forced(later, truth, before)[:, :10], made[:, :10])
    moved = truth.clone()
    moved[:, 10] += 3.0
    after = faceformer.teacher_forced(features, moved, before)
    assert torch.equal(after[:, :11], made[:, :11])
    assert (after[:, 11] - made[:, 11]).abs().max() > 1e-3


def test_the_bias_falls_by_whole_periods_and_ends_at_the_window() -> None:
    attention = BiasedSelfAttention(width=8, heads=4, period=PERIOD, reach=REACH)
    bias = attention.bias(queries=1, keys=REACH + 5)[:, 0]
    assert torch.isinf(bias[:, :5]).all() and torch.isfinite(bias[:, 5:]).all()
    assert (bias[:, -PERIOD:] == 0.0).all()
    assert torch.equal(bias[:, -PERIOD - 1], -torch.tensor([2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8]))
    assert torch.isinf(attention.bias(3, 3)[:, 0, 1:]).all()
