"""One training run in several processes, as ``torchrun`` starts them; alone, nothing changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """This process among all of a run.

    Attributes:
        rank: its number; process 0 writes files and prints.
        count: of all.
        device: where it computes.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wait(self) -> None:
        """Return when all processes have come here."""
        if self.count > 1:
            torch.distributed.barrier()

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Return the mean of every value over all processes."""
        if self.count == 1:
            return values
        together = torch.tensor(list(values.values()), device=self.device)
        torch.distributed.all_reduce(together)
        return dict(zip(values, (together / self.count).tolist(), strict=True))

    def share(self, module: nn.Module) -> nn.Module:
        """Return ``module`` so that a backward pass leaves the mean gradient of all processes in each."""
        if self.count == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=True)


@contextmanager
def processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started, by NCCL or, on CPUs, gloo; leave them again."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(torch.distributed.get_rank(), count, device)
    finally:
        torch.distributed.destroy_process_group()
