"""What is measured on: speech of any length, heads of known topology, and any number of chart points."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Float32, Mesh
from mmtalker.model.heads import Chart, HeadSurface, sample_head
from mmtalker.model.network import MMTalkerNetwork, SampledHead

ROOT = Path(__file__).resolve().parents[1]
SPEECH = ROOT / "demo" / "assets" / "speech.flac"
DATA = Path(os.environ.get("MMTALKER_DATA", ROOT.parent / "shared" / "data"))
ICT_FILE = DATA / "heads" / "ict_facekit" / "ict_facekit.npz"


def write_speech(seconds: float, path: Path) -> None:
    """Write the shipped clip, said again and again, ``seconds`` long."""
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    soundfile.write(path, np.resize(samples, round(seconds * rate)), rate)


def head(name: str) -> Mesh:
    """The head called ``canonical``, or ``ict`` where the training data is."""
    if name == "canonical":
        return load_canonical().mesh
    from mmtalker.data.ict import load_ict

    return load_ict(DATA).mesh()


def chart_points(network: MMTalkerNetwork, count: int) -> tuple[SampledHead, Float32, Float32]:
    """The canonical head's samples, and ``count`` points spread evenly over its skin triangles.

    Heads of other vertex numbers than the known topologies cannot be mapped, but the network reads points of
    the chart, as many as there are.

    Returns:
        The sampled head, (count, 2) chart places, and (count, 6) position in dm and normal there.
    """
    canonical = load_canonical()
    skin, triangles = canonical.vertices[: canonical.chart_count], canonical.chart_triangles
    surface = HeadSurface.build(
        skin.astype(np.float64), triangles, canonical.uv, np.ones(len(skin), dtype=np.bool_)
    )
    chart = Chart(network.sampler.area.new_tensor(canonical.uv[triangles]))
    sampled = sample_head(network, chart, surface, network.config.samples)
    # Additive recurrence with the plastic number's powers (Roberts 2018): even, and the same every time.
    place = (np.arange(count)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0
    root = np.sqrt(place[:, :1])
    weights = np.concatenate([1 - root, root * (1 - place[:, 1:]), root * place[:, 1:]], axis=1)
    corners = triangles[np.arange(count) % len(triangles)]
    uv, point = (
        np.einsum("nk,nkc->nc", weights, field[corners]).astype(np.float32)
        for field in (surface.uv, surface.point)
    )
    return sampled, uv, point
