"""What comparison and ablation make of an evaluation, and that an ablation changes nothing else of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the evaluation comes with torch")

from lab.comparison import ablations, runs, unseen
from lab.comparison.ablations import ABLATIONS, FULL, title, variant_table, with_model
from lab.comparison.compare import margin_block
from lab.comparison.unseen import measure_unseen, unseen_table
from lab.evaluation.face import Face, build_face, canonical_face
from lab.evaluation.figures import FIGURE
from lab.evaluation.people import Row
from lab.evaluation.report import Report, SetReport
from lab.evaluation.takes import Truth
from lab.heads.training_heads import anny_head
from lab.training.config import TrainConfig
from mmtalker.errors import MMTalkerError
from mmtalker.model.config import ModelConfig
from tests.lab.comparison.constructed import take
from tests.model.small import SMALL, small_network

LVE = FIGURE["lve"]


def report(**figures: float | None) -> Report:
    own = {name: {"lve": value} for name, value in figures.items()}
    found = SetReport("grid", "canonical", 1, 0.1, "filmed", ("lips",), own, {}, ())
    return Report({}, (found,))


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]


def test_our_error_stands_beside_the_least_of_the_baselines() -> None:
    block = margin_block(report(truth=None, MMTalker=3.0, ridge=4.0, still=9.0), LVE)
    assert cells(block)[2] == ["grid on canonical", "3", "ridge", "4", "25.0 %"]


def test_a_set_without_truth_has_no_margin() -> None:
    assert len(cells(margin_block(report(MMTalker=None, ridge=None), LVE))) == 2


def test_variants_show_mean_and_spread_over_seeds_and_the_change_beside_the_whole_method() -> None:
    values = {title(FULL, 0): 2.0, title(FULL, 1): 4.0, title("no-graph", 0): 3.0, title("no-graph", 1): 3.6}
    table = variant_table(report(**values), LVE, [FULL, "no-graph"], [0, 1])
    assert cells(table)[2:] == [["full", "3 ± 1"], ["no-graph", "3.3 ± 0.3 (+10.0 %)"]]


def total_steps(config: TrainConfig) -> int:
    return config.steps + config.shape_steps


@pytest.mark.parametrize("name", [name for name in ABLATIONS if name != FULL])
def test_an_ablation_changes_what_it_says_and_can_be_built(name: str) -> None:
    config = TrainConfig()
    changed = ablations.changed(config, ABLATIONS[name])
    assert changed != config
    assert ModelConfig.from_json(changed.model.to_json()) == changed.model
    assert total_steps(changed) == total_steps(config)
    assert (changed.seed, changed.batch, changed.losses) == (config.seed, config.batch, config.losses)


def test_more_samples_are_read_by_the_same_weights() -> None:
    network = small_network()
    twin = with_model(network, {"samples": 128})
    assert twin.config == replace(SMALL, samples=128)
    assert all((a == b).all() for a, b in zip(network.parameters(), twin.parameters(), strict=True))


def test_a_network_of_one_layer_is_given_that_layer_of_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small_network(config=replace(SMALL, speech_layers=(6,)))
    seen = []

    def systems(network: object, name: str) -> dict[str, object]:
        return {f"{name} raw": lambda face: lambda own: seen.append(own.features)}

    monkeypatch.setattr(ablations, "network_systems", systems)
    features = np.arange(12.0).reshape(2, 3, 2)
    ablations.system(network, TrainConfig())(canonical_face())(take(features))
    assert np.array_equal(seen[0], features[:, [2]])


def test_other_steps_leave_the_proportions_of_a_run() -> None:
    config = TrainConfig(steps=1000, shape_steps=300)
    shorter = runs.with_steps(config, 500)
    assert (shorter.steps, shorter.shape_steps) == (500, 150)


def test_a_folder_is_of_one_run(tmp_path: Path) -> None:
    runs.claim(tmp_path, TrainConfig())
    runs.claim(tmp_path, TrainConfig())
    with pytest.raises(MMTalkerError, match="other settings"):
        runs.claim(tmp_path, TrainConfig(seed=1))


def test_the_text_has_a_table_for_each_figure_that_some_set_has() -> None:
    values = {title(FULL, 0): 2.0, title("joint", 0): 2.1}
    rows = [
        {"variant": title(FULL, 0), "speech": 2.0, "shapes": 0.5},
        {"variant": title("joint", 0), "speech": 2.2, "shapes": None},
    ]
    measured = replace(report(**values), checks={ablations.UNSEEN: rows})
    text = ablations.render(measured, [FULL, "joint"], [0])
    assert text.count("\n## ") == 3 and "## LVE (E_vl), m² (better: less)" in text
    assert ABLATIONS["joint"].meaning in text


def test_variants_on_unseen_heads_stand_beside_the_whole_method() -> None:
    rows: list[Row] = [
        {"variant": "full", "speech": 2.0, "shapes": 0.5},
        {"variant": "no-graph", "speech": 2.5, "shapes": 0.4},
        {"variant": "joint", "speech": 1.0, "shapes": None},
    ]
    assert cells(unseen_table(rows, "full"))[2:] == [
        ["full", "2", "0.5"],
        ["no-graph", "2.5 (+25.0 %)", "0.4 (-20.0 %)"],
        ["joint", "1 (-50.0 %)", "–"],
    ]


def test_true_curves_on_true_shapes_leave_no_error_on_an_unseen_head(monkeypatch: pytest.MonkeyPatch) -> None:
    person = anny_head()
    face = build_face(person)
    curves = np.random.default_rng(0).random((6, 52)).astype(np.float32)
    takes = [(take(np.zeros((6, 2, 16))), Truth(curves, np.ones(52, dtype=bool)))]

    class Perfect:
        def __init__(self, network: object, own: Face) -> None:
            self.shapes, self.move = own.shapes, own.move

    monkeypatch.setattr(unseen, "Speaker", Perfect)
    half = {"half": lambda own: lambda heard: own.move(curves / 2)}
    rows = measure_unseen({"half": small_network()}, half, [person], takes)

    assert rows[0]["shapes"] == 0.0
    moved = face.move(curves / 2)[:, face.lists["lips"]]
    assert rows[0]["speech"] == pytest.approx(np.square(moved).sum(axis=2).max(axis=1).mean(), rel=1e-3)
