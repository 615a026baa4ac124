"""Where a run stands, on disk: a stopped one goes on from its last checkpoint, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from lab.training.distributed import Processes
from mmtalker.io.atomic import replacing
from mmtalker.model.network import MMTalkerNetwork


class Checkpoint:
    """The checkpoint file of a run.

    Args:
        path: the file.
        run: this process; only the first one writes.
    """

    def __init__(self, path: Path, run: Processes) -> None:
        self._path, self._run = path, run
        self._state: dict[str, Any] = {"done": {}}
        if path.exists():
            self._state = torch.load(path, map_location=run.device, weights_only=True)

    def restore(self, network: MMTalkerNetwork, average: MMTalkerNetwork) -> None:
        """Give both networks the weights that they had."""
        for name, module in (("network", network), ("average", average)):
            if name in self._state:
                module.load_state_dict(self._state[name])

    def done(self, stage: str) -> int:
        """Return how many steps of a stage are done."""
        return int(self._state["done"].get(stage, 0))

    def begin(self, stage: str, optimiser: torch.optim.Optimizer) -> int:
        """Return how many steps of a stage are done, and bring its optimiser back to where it was."""
        done = self.done(stage)
        if done and self._state.get("stage") == stage:
            optimiser.load_state_dict(self._state["optimiser"])
            if self._run.first:
                print(f"{stage}: going on from step {done}", flush=True)
        return done

    def save(
        self,
        stage: str,
        step: int,
        network: MMTalkerNetwork,
        average: MMTalkerNetwork | None,
        optimiser: torch.optim.Optimizer,
    ) -> None:
        """Keep a stage's state; without ``average`` the stage's network is the average as well."""
        self._state["done"] = {**self._state["done"], stage: step}
        self._state["stage"] = stage
        self._state["optimiser"] = optimiser.state_dict()
        self._state["average"] = (average or network).state_dict()
        self._state["network"] = network.state_dict()
        if self._run.first:
            with replacing(self._path) as partial:
                torch.save(self._state, partial)
