"""Training end to end on ten made recordings: loss falls, a stopped run goes on, two processes equal one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.corpus.clips import Clip, Motion, Source, read_corpus, write_clip, write_manifest
from lab.phonetics.phone_speech import Phone
from lab.training import loop
from lab.training import train as training
from lab.training.checkpoint import Checkpoint
from lab.training.config import TrainConfig
from lab.training.head_set import HeadTensors, load_heads
from lab.training.log import read_log
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.loading import load_model
from mmtalker.model.regression import FactorisedRegression
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.speech.audio import load_audio
from tests.model.small import SMALL

TINY = replace(
    TrainConfig(),
    steps=100,
    shape_steps=50,
    batch=4,
    window=30,
    samples=48,
    shape_points=128,
    motion_points=32,
    copies={"hums": 0},
    shares={"hums": 1.0},
    noise_clips=1,
    anny_heads=0,
    ict_heads=0,
    precision="float32",
    model=replace(SMALL, samples=48, speech_width=512),
)


def hum(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two seconds of a buzz whose loudness follows the jaw: samples (N,) and jaw (50,) at 25 Hz."""
    rng = np.random.default_rng(seed)
    jaw = np.clip(np.convolve(rng.random(50), np.ones(7) / 7, mode="same"), 0.0, 1.0)
    loudness = np.interp(np.arange(32000) / 16000, np.arange(50) / 25.0, jaw)
    buzz = np.sign(np.sin(2 * np.pi * 120 * np.arange(32000) / 16000))
    return (0.5 * buzz * loudness**2).astype(np.float32), jaw.astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for seed in range(11):
        samples, jaw = hum(seed)
        curves = np.zeros((50, 52), dtype=np.float32)
        curves[:, ARKIT_INDEX["jawOpen"]] = jaw
        held_out = "unheard-hums" if seed == 10 else None
        clip = Clip("hums", f"hum{seed}", "nobody", "und", "", (Phone("a", 0.0, 2.0),), held_out)
        write_clip(folder, clip, samples, Motion(curves, 25.0, np.ones(52, dtype=bool)))
    write_manifest(folder, [Source("hums", "CC0", "filmed")])
    return folder


def run(config: TrainConfig, corpus: Path, out: Path) -> dict[str, dict[str, list[float]]]:
    training.train(config, corpus, out, corpus / "features", torch.device("cpu"))
    return {
        stage: {name: [value for _, value in points] for name, points in terms.items()}
        for stage, terms in read_log(out / "log.csv").items()
    }


def test_a_hundred_steps_lower_the_loss_and_leave_weights_that_load(corpus: Path, tmp_path: Path) -> None:
    log = run(TINY, corpus, tmp_path)

    assert log["motion"]["displacement"][1] < 0.9 * log["motion"]["displacement"][0]
    assert log["motion"]["lip_contact"][1] < 0.9 * log["motion"]["lip_contact"][0]
    assert set(log) == {"motion", "shapes"}
    assert load_model(tmp_path).network.config.samples == 48
    about = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["about"]
    assert about["sources"] == {"hums": "CC0"}
    assert about["training"]["steps"] == 100
    assert about["figures"]["unheard-hums"]["jaw_correlation"] > 0.3


def test_the_joint_form_trains_by_the_same_loop(corpus: Path, tmp_path: Path) -> None:
    # So few steps of the whole loss bring the lips near at the cost of the rest.
    evenly = replace(TINY.losses, lip_vertex=0.0)
    joint = replace(TINY, model=replace(TINY.model, regression="joint"), losses=evenly)

    log = run(joint, corpus, tmp_path)

    assert log["motion"]["displacement"][1] < 0.9 * log["motion"]["displacement"][0]
    assert log["motion"]["lip_vertex"][1] < 0.9 * log["motion"]["lip_vertex"][0]
    assert load_model(tmp_path).network.config.regression == "joint"


def test_mixed_precision_learns_too(corpus: Path, tmp_path: Path) -> None:
    log = run(replace(TINY, precision="bfloat16"), corpus, tmp_path)

    assert log["motion"]["displacement"][1] < 0.9 * log["motion"]["displacement"][0]


def test_a_run_that_was_stopped_ends_where_the_whole_one_does(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY", 10)
    config = replace(TINY, steps=50, shape_steps=0)
    whole = run(config, corpus, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop_at_forty(self: object, stage: str, step: int, *rest: object) -> None:
        save(self, stage, step, *rest)
        if step == 40:
            raise Stop

    save = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", stop_at_forty)
    with pytest.raises(Stop):
        run(config, corpus, tmp_path / "parts")
    monkeypatch.setattr(Checkpoint, "save", save)
    run(config, corpus, tmp_path / "parts")

    network, same = (load_model(tmp_path / name).network for name in ("whole", "parts"))
    assert whole
    for one, other in zip(network.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_two_processes_take_the_same_steps_as_one(corpus: Path, tmp_path: Path) -> None:
    config = replace(TINY, steps=50, shape_steps=0)
    alone = run(config, corpus, tmp_path / "alone")
    settings = {**config.to_json(), "steps": 50}
    (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "lab", "train", str(tmp_path / "config.json"), "--corpus", str(corpus)),
        *("-o", str(tmp_path / "two"), "--device", "cpu"),
    ]

    subprocess.run(command, check=True, timeout=240)

    two = read_log(tmp_path / "two" / "log.csv")["motion"]
    for name, means in alone["motion"].items():
        assert two[name][0][1] == pytest.approx(means[0], rel=1e-2)
    network, same = (load_model(tmp_path / name).network for name in ("alone", "two"))
    for one, other in zip(network.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-2, atol=2e-3)


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> list[HeadTensors]:
    return load_heads(tmp_path_factory.mktemp("no_models"), TINY)


def test_the_lip_gap_of_the_shipped_head_is_closed_at_rest(heads: list[HeadTensors]) -> None:
    assert len(heads) == 1
    assert heads[0].own
    assert heads[0].lip_rest.numpy() == pytest.approx(0.0, abs=0.05)
    assert heads[0].weight.max() > 3 * heads[0].weight.min()
    assert len(load_canonical().lip_pairs) == len(heads[0].lip_rest)


def test_what_a_source_does_not_know_is_not_learned_from_it(corpus: Path, tmp_path: Path) -> None:
    """A channel that nobody knows must not make up for what the others miss."""
    ignorant = tmp_path / "ignorant"
    known = np.ones(52, dtype=bool)
    for name in ("mouthPucker", "eyeLookUpLeft", "eyeLookUpRight"):
        known[ARKIT_INDEX[name]] = False
    whole = read_corpus(corpus)
    for clip in whole.clips:
        motion = whole.motion(clip)
        assert motion is not None
        samples = load_audio(whole.audio(clip)).samples
        write_clip(ignorant, clip, samples, replace(motion, known=known))
    write_manifest(ignorant, whole.sources)

    run(replace(TINY, shares={"hums": 0.8, "noise": 0.2}), ignorant, tmp_path / "run")

    regression = load_model(tmp_path / "run").network.regression
    assert isinstance(regression, FactorisedRegression)
    weight = regression.directions.abs().sum(dim=0)
    assert weight[ARKIT_INDEX["jawOpen"]] > 0.0
    assert not weight[~torch.from_numpy(known)].any()
