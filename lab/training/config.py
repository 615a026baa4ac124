"""What a training run is: sizes, weights of the losses, schedule. Saved with the weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.model.config import ModelConfig


@dataclass(frozen=True)
class LossWeights:
    """Factor of each term; see ``losses.py`` for the terms."""

    shape: float = 4.0
    displacement: float = 15.0
    lip_vertex: float = 4.0
    activation: float = 2.0
    velocity: float = 150.0
    lip_contact: float = 30.0
    mouth_width: float = 100.0
    eye_closure: float = 4.0
    phones: float = 10.0
    roughness: float = 0.5


def default_copies() -> dict[str, int]:
    return {"grid": 0, "grid-speakers": 0, "facegood": 0}


def default_shares() -> dict[str, float]:
    return {
        "grid": 0.25,
        "grid-speakers": 0.25,
        "facegood": 0.05,
        "kokoro": 0.25,
        "nathalie": 0.07,
        "kerstin": 0.04,
        "flemishguy": 0.04,
        "noise": 0.05,
    }


@dataclass(frozen=True)
class TrainConfig:
    """One training run.

    Attributes:
        steps: optimiser steps of motion, on finished shape keys.
        shape_steps: steps before them in which shape keys learn.
        batch: windows of speech a step, over all processes together.
        window: frames of a window, at 50 Hz.
        samples: geometry samples a step, drawn anew; inference may use more.
        shape_points: chart points a step at which shape keys are compared.
        motion_points: chart points a step at which displacement is compared.
        learning_rate: peak; half a cosine leads it to a hundredth.
        weight_decay: of AdamW.
        average: decay of the running average of weights, which is what is saved.
        precision: ``float32``, or ``bfloat16`` for mixed precision.
        copies: changed copies of each recording, by source; 1 for a source that is not named.
        shares: part of every batch that comes from each source; sources that are not there leave
            theirs to the others.
        without: sources that are left out.
        with_people: speakers to train on although they are kept for tests: for the last run, when every
            choice has been made.
        default_style: share of windows that are learned in the mean of all styles, not in the speaker's own.
        noise_clips: recordings without speech.
        anny_heads, ict_heads: random identities beside each model's own.
        remeshed: share of them with another topology than their model's.
        no_past: share of windows that start from rest instead of seeing the frames before.
        seed: of everything.
        figure_clips: held-out clips of each test set that are measured at the end, for the weights'
            ``config.json``; 0 for none.
        losses: weights of the terms.
        model: the network.
    """

    steps: int = 300
    shape_steps: int = 14000
    batch: int = 24
    window: int = 100
    samples: int = 96
    shape_points: int = 1024
    motion_points: int = 128
    learning_rate: float = 2.5e-3
    weight_decay: float = 0.02
    average: float = 0.99
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    copies: dict[str, int] = field(default_factory=default_copies)
    shares: dict[str, float] = field(default_factory=default_shares)
    without: tuple[str, ...] = ()
    with_people: tuple[str, ...] = ()
    default_style: float = 0.5
    noise_clips: int = 40
    anny_heads: int = 20
    ict_heads: int = 20
    remeshed: float = 0.5
    no_past: float = 0.5
    seed: int = 0
    figure_clips: int = 16
    losses: LossWeights = field(default_factory=LossWeights)
    model: ModelConfig = field(default_factory=ModelConfig)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "model": self.model.to_json()}

    @staticmethod
    def load(path: Path) -> TrainConfig:
        """Read a JSON file that names the fields to change.

        Raises:
            MMTalkerError: FILE_FORMAT for an unreadable file or an unknown field.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            known = {item.name for item in fields(TrainConfig)}
            if unknown := set(values) - known:
                raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
            for name in ("without", "with_people"):
                values[name] = tuple(values.get(name, ()))
            if "losses" in values:
                values["losses"] = LossWeights(**values["losses"])
            if "model" in values:
                model = {**ModelConfig().to_json(), **values["model"]}
                values["model"] = ModelConfig.from_json(model)
            return TrainConfig(**values)
        except (OSError, ValueError, TypeError) as error:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT, f"{path} is not a training configuration: {error}."
            ) from error
