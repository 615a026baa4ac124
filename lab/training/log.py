"""What a run writes down while it goes: a CSV row now and then, and a picture of the curves at the end."""

from __future__ import annotations

import csv
from pathlib import Path

from mmtalker.io.atomic import replacing

EVERY = 50
"""Steps whose mean makes a row."""


class Log:
    """Mean loss terms, every ``EVERY`` steps, in ``log.csv``.

    Args:
        path: the file; rows are added to one that is there.
        shown: whether rows are printed and written at all; only one of several processes does.
    """

    def __init__(self, path: Path, shown: bool = True) -> None:
        self._path, self._shown = path, shown
        self._totals: dict[str, float] = {}
        self._count = 0

    def add(self, stage: str, step: int, terms: dict[str, float]) -> None:
        """Count one step's terms in; write a row when ``EVERY`` steps are together."""
        for name, value in terms.items():
            self._totals[name] = self._totals.get(name, 0.0) + value
        self._count += 1
        if (step + 1) % EVERY:
            return
        means = {name: total / self._count for name, total in self._totals.items()}
        self._totals, self._count = {}, 0
        if not self._shown:
            return
        print(f"{stage} {step + 1} " + " ".join(f"{n} {v:.5f}" for n, v in means.items()), flush=True)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([stage, step + 1, name, f"{value:.6f}"] for name, value in means.items())


def read_log(path: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return (step, mean) by stage and term; the later of two for one step. Nothing without a log."""
    if not path.exists():  # of a run that is shorter than a row of it
        return {}
    curves: dict[str, dict[str, dict[int, float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for stage, step, name, value in csv.reader(file):
            curves.setdefault(stage, {}).setdefault(name, {})[int(step)] = float(value)
    return {
        stage: {name: sorted(points.items()) for name, points in terms.items()}
        for stage, terms in curves.items()
    }


def draw_log(path: Path, picture: Path) -> bool:
    """Draw the curves of a log; return False where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure  # not everywhere where a model is trained
    except ImportError:
        return False
    stages = read_log(path)
    figure = Figure(figsize=(5 * max(1, len(stages)), 4), layout="constrained")
    for number, (stage, terms) in enumerate(stages.items()):
        axes = figure.add_subplot(1, len(stages), number + 1, title=stage, xlabel="step", yscale="log")
        for name, points in terms.items():
            axes.plot(*zip(*points, strict=True), label=name)
        axes.legend(fontsize="small")
    with replacing(picture) as partial:
        figure.savefig(partial, format="png", dpi=120)
    return True
