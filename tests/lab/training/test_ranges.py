"""Every filmed person's mouth gets one range; others, and what is not the mouth, stay."""

from __future__ import annotations

import numpy as np
import pytest

from lab.phonetics.demands import gap_mm
from lab.training.batches import Batches
from lab.training.config import TrainConfig
from lab.training.ranges import scale_mouth, share_one_range
from lab.training.utterances import Utterance
from mmtalker.motion.arkit import ARKIT_INDEX

JAW, BROW = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["browInnerUp"]


def utterance(speaker: str, jaw: float, filmed: bool = True) -> Utterance:
    target = np.zeros((100, 52), dtype=np.float32)
    target[:, JAW] = jaw * np.linspace(0.0, 1.0, 100)
    target[:, BROW] = 0.5
    features = np.zeros((100, 1, 1), dtype=np.float16)
    phones = np.zeros((100, 26), dtype=np.float32)
    return Utterance("one", speaker, features, target, np.ones(52, dtype=bool), phones, filmed)


def test_everybody_opens_as_far_as_the_usual_one() -> None:
    sets = {"film": [utterance("small", 0.1), utterance("usual", 0.2), utterance("large", 0.4)]}

    ranged, config, opening = share_one_range(sets, TrainConfig())

    assert config.model.people == ("large", "small", "usual")
    assert opening["usual"] == pytest.approx(0.95 * 0.2 * gap_mm()[JAW], rel=1e-3)
    assert opening["large"] == pytest.approx(2.0 * opening["usual"], rel=1e-3)
    for own in ranged["film"]:
        usual = scale_mouth(own.target, own.opening)
        assert usual[:, JAW].max() == pytest.approx(0.2, rel=1e-3)
        assert usual[:, BROW] == pytest.approx(0.5)


def test_who_was_not_filmed_is_nobody() -> None:
    sets = {"film": [utterance("usual", 0.2)], "voices": [utterance("anna", 0.9, filmed=False)]}

    ranged, config, _ = share_one_range(sets, TrainConfig())

    assert config.model.people == ("usual",)
    assert ranged["voices"][0].opening == 1.0


def test_a_person_opens_as_filmed_in_their_own_style_and_as_usual_in_the_default_one() -> None:
    sets, config, _ = share_one_range(
        {"film": [utterance("small", 0.1), utterance("usual", 0.2), utterance("large", 0.4)]},
        TrainConfig(batch=64, window=96, shares={"film": 1.0}),
    )

    batch = Batches(sets, config).draw(np.random.default_rng(0))

    opened = batch.target[:, :, JAW].amax(dim=1)
    assert opened[batch.person == -1].numpy() == pytest.approx(0.2, abs=0.01)
    for number, jaw in enumerate((0.4, 0.1, 0.2)):  # in the order of their names
        assert opened[batch.person == number].numpy() == pytest.approx(jaw, abs=0.02)
