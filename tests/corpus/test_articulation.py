"""Articulation: what phones ask of a mouth, fitted to filmed speakers, and demands that nobody may break."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.data.articulation import ArticulationModel, Example, animate_unfilmed, fit_articulation
from mmtalker.data.articulation.__main__ import main
from mmtalker.data.articulation.demands import MOUTH, gap_mm, meet_demands
from mmtalker.data.articulation.gestures import GESTURES, effort, gestures, smooth_effort
from mmtalker.data.articulation.report import HeldOut, compare, report
from mmtalker.data.corpus import Clip, Motion, Source, read_corpus, write_clip, write_manifest
from mmtalker.data.phone_speech import Phone
from mmtalker.data.phonology import feature_track
from mmtalker.errors import MMTalkerError
from mmtalker.motion.arkit import ARKIT_INDEX

JAW, PUCKER, ROLL = (ARKIT_INDEX[name] for name in ("jawOpen", "mouthPucker", "mouthRollLower"))
KNOWN = MOUTH.copy()
ALL_PHONES = list("aiueompbntdksʃlfvwjhəɛ")


def said(names: str, each: float = 0.12, pause: float = 0.5) -> tuple[Phone, ...]:
    """Phones of equal length between two pauses."""
    phones = [Phone("sil", 0.0, pause)]
    for name in names.split():
        phones.append(Phone(name, phones[-1].end, phones[-1].end + each))
    return (*phones, Phone("sil", phones[-1].end, phones[-1].end + pause))


def frame_times(phones: tuple[Phone, ...]) -> np.ndarray:
    return np.arange(round(phones[-1].end * 50)) / 50


def track(phones: tuple[Phone, ...]) -> np.ndarray:
    return feature_track(phones, frame_times(phones))


def while_saying(name: str, phones: tuple[Phone, ...]) -> np.ndarray:
    times = frame_times(phones)
    return np.any([(times >= p.start) & (times < p.end) for p in phones if p.name == name], axis=0)


def speaker(name: str, clips: int, jaw: float, pucker: float, seed: int) -> list[Example]:
    """Films of somebody who opens the jaw and rounds the lips by so much, with a little noise."""
    rng = np.random.default_rng(seed)
    films = []
    for _ in range(clips):
        phones = said(" ".join(rng.choice(ALL_PHONES, 20)))
        features = track(phones)
        asked = gestures(features, smooth_effort(features, None))
        curves = rng.normal(0.0, 0.005, (len(features), 52))
        curves[:, JAW] += jaw * asked[:, GESTURES.index("lips")]
        curves[:, PUCKER] += pucker * asked[:, GESTURES.index("rounding")]
        films.append(Example(features, np.clip(curves, 0, 1).astype(np.float32), KNOWN, name))
    return films


@pytest.fixture(scope="module")
def model() -> ArticulationModel:
    return fit_articulation([*speaker("wide", 12, 0.4, 0.3, 0), *speaker("narrow", 12, 0.2, 0.5, 1)])


def test_open_vowels_open_most_and_rounded_ones_least() -> None:
    features = track(said("a i u", each=0.4))
    lips = gestures(features, smooth_effort(features, None))[:, GESTURES.index("lips")]

    a, i, u = (lips[round(50 * middle)] for middle in (0.7, 1.1, 1.5))

    assert a > 1.3 * i > 1.3 * u


def test_fast_speech_opens_less() -> None:
    def openings(each: float) -> float:
        features = track(said("t a t a t a t a", each))
        return float(gestures(features, smooth_effort(features, None))[:, GESTURES.index("jaw")].max())

    assert openings(0.05) < 0.85 * openings(0.2)


def test_loud_speech_opens_more_than_soft_speech() -> None:
    features = track(said("a t a", each=0.2))
    speech = 1.0 - features[:, 0]

    loud = gestures(features, smooth_effort(features, speech))
    soft = gestures(features, smooth_effort(features, 0.4 * speech))

    assert loud[40, GESTURES.index("lips")] > 1.3 * soft[40, GESTURES.index("lips")]
    assert loud[:, GESTURES.index("closure")] == pytest.approx(soft[:, GESTURES.index("closure")])


def test_effort_is_loudness_beside_the_recordings_own() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0.0, 0.1, 3 * 16000).astype(np.float32)
    samples[16000:32000] *= 0.1

    force = effort(samples)

    assert force[25] == pytest.approx(1.0, abs=0.05)
    assert force[75] == pytest.approx(1.0 - 20 / 30, abs=0.05)
    assert effort(samples * 0.01)[25] == pytest.approx(force[25], abs=0.01)
    assert len(effort(samples[:0])) == 0


def test_a_speaker_is_repeated_in_his_own_style(model: ArticulationModel) -> None:
    unheard = speaker("wide", 3, 0.4, 0.3, 7)

    for film in unheard:
        made = model.motion(film.features, "wide")
        assert made[:, JAW] == pytest.approx(film.curves[:, JAW], abs=0.04)
        assert made[:, PUCKER] == pytest.approx(film.curves[:, PUCKER], abs=0.04)


def test_without_a_style_the_mouth_moves_between_the_speakers(model: ArticulationModel) -> None:
    features = track(said("a t a", each=0.3))

    wide, narrow, common = (model.motion(features, style)[:, JAW].max() for style in ("wide", "narrow", None))

    assert narrow < common < wide
    assert common == pytest.approx((wide + narrow) / 2, abs=0.02)


def test_what_one_speaker_alone_does_is_no_general_detail() -> None:
    films = speaker("only", 6, 0.3, 0.3, 2)
    for film in films:
        film.curves[:, JAW] += 0.2 * film.features[:, 12]  # a habit at postalveolars
    one = fit_articulation(films)
    features = track(said("a ʃ a ʃ a", each=0.2))
    at = while_saying("ʃ", said("a ʃ a ʃ a", each=0.2))

    assert (one.motion(features, "only") - one.motion(features))[at, JAW].mean() > 0.02


def test_phones_that_were_never_filmed_are_treated_as_their_kin(model: ArticulationModel) -> None:
    common = model.curves(track(said("y ɲ ɓ y")), None, said("y ɲ ɓ y"))
    shut = while_saying("ɓ", said("y ɲ ɓ y"))

    assert common[:, PUCKER].max() > 0.15  # as of [u]
    assert (common @ gap_mm())[shut].min() < 0.1  # as of [b]


@pytest.mark.parametrize("name", ["m", "p", "b", "pʰ", "m̩"])
@pytest.mark.parametrize("each", [0.05, 0.08, 0.15])
def test_lips_meet_at_bilabials_however_fast(model: ArticulationModel, name: str, each: float) -> None:
    phones = said(f"a {name} a {name} i {name} ɛ", each)

    gap = model.curves(track(phones), None, phones) @ gap_mm()

    for phone in phones:
        if phone.name == name:
            during = (frame_times(phones) >= phone.start - 0.02) & (frame_times(phones) <= phone.end + 0.02)
            assert gap[during].min() < 0.1
    assert gap[while_saying("a", phones)].max() > 1.5


def test_lips_never_pass_through_each_other() -> None:
    rng = np.random.default_rng(3)
    phones = said("a p u m f o w b i", each=0.1)
    wild = rng.random((len(frame_times(phones)), 52)).astype(np.float32) * 0.6

    gap = meet_demands(wild, track(phones), phones) @ gap_mm()

    assert gap.min() > -0.55


def test_sounds_that_are_not_bilabial_leave_the_lips_apart(model: ArticulationModel) -> None:
    phones = said("u w u t u f ʃ u", each=0.15)
    curves = np.zeros((len(frame_times(phones)), 52), dtype=np.float32)

    gap = meet_demands(curves, track(phones), phones) @ gap_mm()

    for phone in phones[1:-1]:
        assert gap[while_saying(phone.name, phones)].min() > 1.0


def test_the_lower_lip_goes_to_the_teeth_at_labiodentals(model: ArticulationModel) -> None:
    phones = said("a f a v a", each=0.12)
    curves = model.curves(track(phones), None, phones)

    for name in "fv":
        at = while_saying(name, phones)
        assert curves[at, ROLL].max() > 0.5
        assert (curves @ gap_mm())[at].min() > 0.5
    assert curves[round(50 * 0.8), ROLL] < 0.2


def test_affricates_of_a_bilabial_close_and_then_bite(model: ArticulationModel) -> None:
    phones = said("a pf a", each=0.2)
    curves = model.curves(track(phones), None, phones)
    first, second = round(50 * 0.74), round(50 * 0.86)

    assert (curves @ gap_mm())[first] < 0.1
    assert curves[second, ROLL] > 0.5


def test_pauses_are_rest_and_short_ones_are_not(model: ArticulationModel) -> None:
    phones = said("a t a")
    rests = model.curves(track(phones), None, phones)
    breath = (*phones[:3], Phone("sil", phones[2].end, phones[2].end + 0.1))
    goes_on = (
        *breath,
        Phone("a", breath[-1].end, breath[-1].end + 0.2),
        Phone("sil", breath[-1].end + 0.2, 1.5),
    )

    curves = model.curves(track(goes_on), None, goes_on)

    assert not rests[:5, MOUTH].any() and not rests[-5:, MOUTH].any()
    assert curves[while_saying("sil", goes_on)][round(50 * 0.5) + 2, JAW] > 0.0


def test_soft_features_close_the_lips_too(model: ArticulationModel) -> None:
    soft = 0.95 * track(said("a m a", each=0.2)) + 0.002

    gap = model.curves(soft.astype(np.float32)) @ gap_mm()

    assert gap[while_saying("m", said("a m a", each=0.2))].min() < 0.3


def test_a_model_is_read_back_as_it_was_saved(model: ArticulationModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.npz")

    again = ArticulationModel.load(tmp_path / "model.npz")

    features = track(said("a m u"))
    assert again.motion(features, "wide") == pytest.approx(model.motion(features, "wide"), abs=1e-6)
    assert again.motion(features) == pytest.approx(model.motion(features), abs=1e-6)


def test_what_cannot_be_done_is_said(model: ArticulationModel, tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="filmed"):
        fit_articulation([])
    with pytest.raises(MMTalkerError, match="wide"):
        model.motion(track(said("a")), "nobody")
    (tmp_path / "other.npz").write_bytes(b"no archive")
    with pytest.raises(MMTalkerError, match="not an articulation model"):
        ArticulationModel.load(tmp_path / "other.npz")


def test_a_report_compares_with_films_that_were_not_learned_from(model: ArticulationModel) -> None:
    phones = said("a m a t u p i a")
    truth = model.curves(track(phones), "wide", phones)
    held_out = {"wide": [HeldOut(Example(track(phones), truth, KNOWN, "wide"), phones)]}

    own = compare(model, held_out["wide"], "wide")
    lines = report(model, held_out)

    assert own.gap_correlation == pytest.approx(1.0, abs=1e-6)
    assert own.gap_error_mm == pytest.approx(0.0, abs=1e-4)
    assert own.closure_recall == own.closure_precision == 1.0
    assert [line.split(":")[0] for line in lines] == [
        "wide, own style",
        "wide, common style",
        "wide, fitted on narrow only",
    ]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two filmed clips, one of them held out, and one with phones alone."""
    samples = np.random.default_rng(0).normal(0, 0.1, 3 * 16000).astype(np.float32)
    for name, test_set in (("one", None), ("two", "film-clips")):
        phones = said("a m a t u p i a")
        film = speaker("anna", 1, 0.4, 0.3, 4)[0]
        motion = Motion(np.pad(film.curves, ((0, 20), (0, 0))), 50.0, KNOWN)
        write_clip(tmp_path, Clip("film", name, "anna", "de", "", phones, test_set), samples, motion)
    write_clip(tmp_path, Clip("voices", "three", "otto", "it", "", said("m a m a")), samples)
    write_manifest(tmp_path, [Source("film", "CC0", "filmed"), Source("voices", "CC0", "articulated")])
    return tmp_path


def test_speech_that_nobody_filmed_gets_motion(corpus: Path) -> None:
    lines: list[str] = []
    animate_unfilmed(corpus, say=lines.append)

    read = read_corpus(corpus)
    clip = next(c for c in read.clips if c.source == "voices")
    motion = read.motion(clip)

    assert motion is not None and motion.rate == 50.0
    assert len(motion.curves) == 150
    assert motion.known[JAW] and not motion.known[ARKIT_INDEX["eyeBlinkLeft"]]
    gap = motion.curves @ gap_mm()
    assert min(gap[: round(50 * 0.7)].min(), 1.0) < 0.1
    assert lines and lines[0].startswith("anna, own style")


def film_without_phones(corpus: Path) -> None:
    """Add a filmed clip that nobody wrote down."""
    film = speaker("berta", 1, 0.4, 0.3, 5)[0]
    samples = np.random.default_rng(1).normal(0, 0.1, 3 * 16000).astype(np.float32)
    clip = Clip("film", "unwritten", "berta", "zh", "", ())
    write_clip(corpus, clip, samples, Motion(np.pad(film.curves, ((0, 20), (0, 0))), 50.0, KNOWN))


def test_filmed_speech_of_unknown_phones_is_heard(corpus: Path) -> None:
    film_without_phones(corpus)
    heard = track(said("a m a t u p i a"))

    model = animate_unfilmed(corpus, ears=lambda folder, progress: lambda audio: np.resize(heard, (150, 26)))

    assert model.styles.keys() == {"anna", "berta"}


def test_without_ears_speech_of_unknown_phones_is_left_out(corpus: Path) -> None:
    film_without_phones(corpus)
    lines: list[str] = []

    model = animate_unfilmed(corpus, say=lines.append)

    assert model.styles.keys() == {"anna"}
    assert lines[0].startswith("Without filmed speech of unknown phones: To recognise phones")


def test_nothing_is_learned_from_a_source_that_is_left_out(corpus: Path) -> None:
    with pytest.raises(MMTalkerError, match="filmed"):
        animate_unfilmed(corpus, without=["film"])


def test_the_shell_reports_and_saves(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpus", str(corpus), "--report", "--save", str(corpus / "model.npz")]) == 0
    assert "anna, own style: gap correlation" in capsys.readouterr().out
    assert ArticulationModel.load(corpus / "model.npz").styles.keys() == {"anna"}
    assert not (corpus / "voices" / "three.npz").exists()
    assert main(["--corpus", str(corpus / "nowhere")]) == 1
