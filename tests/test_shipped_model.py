"""The shipped weights: what an animator sees first must be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.phonetics.phone_speech import Phone, read_phones
from mmtalker.animation import Animation
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.model.loading import DEFAULT_FOLDER, WEIGHTS_NAME
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.pipeline import NO_VOICE, PreparedHead, Talker
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.weights import ENCODER_FILE_NAME

ROOT = Path(__file__).resolve().parents[1]
CLIPS = {
    "demo": ROOT / "demo" / "assets" / "speech.flac",
    "second voice": ROOT / "tests" / "data" / "second_voice.ogg",
}
FPS = 50.0
TOUCH = 0.0005
"""Metres of lip gap that nobody sees."""

pytestmark = pytest.mark.skipif(
    not all((DEFAULT_FOLDER / name).exists() for name in (WEIGHTS_NAME, ENCODER_FILE_NAME)),
    reason="weights or speech encoder are absent: run build.py setup",
)


@pytest.fixture(scope="module")
def talker() -> Talker:
    return Talker(device="cpu")


@pytest.fixture(scope="module")
def head(talker: Talker) -> PreparedHead:
    return talker.prepare_head(load_canonical().mesh)


@pytest.fixture(scope="module", params=CLIPS)
def spoken(
    request: pytest.FixtureRequest, talker: Talker, head: PreparedHead
) -> tuple[Animation, tuple[Phone, ...]]:
    path = CLIPS[request.param]
    animation = talker.animate(head, talker.prepare_speech(load_audio(path)), fps=FPS)
    return animation, read_phones(path.with_suffix(".json"))


def lip_gap(animation: Animation) -> np.ndarray:
    """(T,) metres between the middles of the lips, which touch at rest."""
    pairs = load_canonical().lip_pairs[4:9]
    opening = animation.shapes[:, pairs[:, 0], 1] - animation.shapes[:, pairs[:, 1], 1]
    return animation.curves @ opening.mean(axis=1)


def span(phone: Phone) -> slice:
    return slice(int(phone.start * FPS), int(phone.end * FPS) + 2)


def test_lips_meet_at_every_p_b_and_m(spoken: tuple[Animation, tuple[Phone, ...]]) -> None:
    animation, phones = spoken
    gap = lip_gap(animation)

    smallest = {f"{p.name} {p.start:.2f} s": gap[span(p)].min() for p in phones if p.name[0] in "pbm"}

    assert len(smallest) >= 5
    assert {name for name, value in smallest.items() if value > TOUCH} == set()


def test_the_mouth_opens_on_open_vowels(spoken: tuple[Animation, tuple[Phone, ...]]) -> None:
    animation, phones = spoken
    gap = lip_gap(animation)

    open_vowels = [gap[span(p)].max() for p in phones if p.name[0] in "ɑæa"]

    assert np.median(open_vowels) > 0.005


def without_speech() -> dict[str, np.ndarray]:
    """Six seconds each."""
    rng = np.random.default_rng(7)
    times = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * note * times) for note in (220.0, 277.2, 329.6))
    return {
        "digital silence": np.zeros(len(times)),
        "hiss": 0.01 * rng.standard_normal(len(times)),
        "loud hiss": 0.1 * rng.standard_normal(len(times)),
        "hum": 0.1 * sum(np.sin(2 * np.pi * 50 * n * times) / n for n in range(1, 9)),
        "music": 0.1 * chord * (1.0 - 0.8 * ((2.0 * times) % 1.0)),
    }


@pytest.mark.parametrize("kind", without_speech())
def test_nothing_moves_where_nobody_speaks(talker: Talker, head: PreparedHead, kind: str) -> None:
    audio = Audio(without_speech()[kind].astype(np.float32))

    animation = talker.animate(head, talker.prepare_speech(audio), fps=FPS)

    assert np.abs(lip_gap(animation)).max() < TOUCH


@pytest.mark.parametrize("kind", ["digital silence", "hiss", "hum"])
def test_the_mouth_rests_in_long_silence_between_sentences(
    talker: Talker, head: PreparedHead, kind: str
) -> None:
    said = load_audio(CLIPS["demo"]).samples
    pause = (0.1 if kind == "hiss" else 1.0) * without_speech()[kind].astype(np.float32)
    animation = talker.animate(
        head, talker.prepare_speech(Audio(np.concatenate([said, pause, said]))), fps=FPS
    )

    gap = lip_gap(animation)
    first, last = len(said) / SAMPLE_RATE + 1.2, (len(said) + len(pause)) / SAMPLE_RATE - 0.5

    assert np.abs(gap[round(first * FPS) : round(last * FPS)]).max() < TOUCH
    assert gap[: round(len(said) / SAMPLE_RATE * FPS)].max() > 0.005


def test_shape_keys_are_those_of_the_head(head: PreparedHead) -> None:
    canonical = load_canonical()
    lips = np.flatnonzero(canonical.regions["lips"])

    for name in ("jawOpen", "mouthPucker", "mouthSmileLeft", "eyeBlinkRight"):
        made, true = head.shapes[ARKIT_INDEX[name]], canonical.shapes[ARKIT_INDEX[name]]
        skin = slice(0, canonical.chart_count)
        assert np.linalg.norm(made[skin] - true[skin], axis=1).mean() < 0.001, name
        assert np.abs(made[lips] - true[lips]).mean() < 0.001, name


def test_size_and_pose_of_the_head_change_nothing(talker: Talker, head: PreparedHead) -> None:
    mesh = load_canonical().mesh
    move = Similarity(37.0, rotation_about(np.array([0.6, 0.0, 0.8]), 2.1), np.array([5.0, -3.0, 40.0]))
    moved = Mesh(move.apply(mesh.vertices).astype(np.float32), mesh.loop_vertices, mesh.loop_starts)

    shapes = talker.prepare_head(moved).shapes

    back = move.inverse().apply_vectors(shapes)
    assert np.abs(back - head.shapes).max() < 2e-4


def test_vertices_split_along_a_seam_stay_together(talker: Talker) -> None:
    mesh = load_canonical().mesh
    split = Mesh(
        mesh.vertices[mesh.loop_vertices],
        np.arange(len(mesh.loop_vertices), dtype=np.int32),
        mesh.loop_starts,
    )

    shapes = talker.prepare_head(split).shapes

    for vertex in (0, 700, 3000):
        copies = shapes[:, mesh.loop_vertices == vertex]
        assert np.ptp(copies, axis=1).max() < 1e-6


@pytest.mark.parametrize("peak", [-42.0, -57.0])
def test_a_quiet_voice_opens_the_mouth_as_a_loud_one_does(
    talker: Talker, head: PreparedHead, peak: float
) -> None:
    said = load_audio(CLIPS["second voice"]).samples
    loud = said / np.abs(said).max()
    jaw = ARKIT_INDEX["jawOpen"]

    wanted, quiet = (
        talker.animate(head, talker.prepare_speech(Audio((loud * gain).astype(np.float32))), fps=FPS)
        for gain in (1.0, 10.0 ** (peak / 20.0))
    )

    assert quiet.curves[:, jaw].mean() > 0.85 * wanted.curves[:, jaw].mean()
    assert NO_VOICE not in quiet.warnings + wanted.warnings


@pytest.mark.parametrize("kind", without_speech())
def test_quiet_sound_without_a_voice_moves_nothing_and_is_told(
    talker: Talker, head: PreparedHead, kind: str
) -> None:
    sound = (0.02 * without_speech()[kind]).astype(np.float32)

    animation = talker.animate(head, talker.prepare_speech(Audio(sound)), fps=FPS)

    assert np.abs(lip_gap(animation)).max() < TOUCH
    assert NO_VOICE in animation.warnings
