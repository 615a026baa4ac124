"""VOCASET, BIWI and Multiface are read as delivered and as converted, with their own splits and lists."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from lab.vertex_sets.biwi import read_biwi
from lab.vertex_sets.dataset import VertexDataset, at_every_number, same_length
from lab.vertex_sets.multiface import HIGH, LOW, read_multiface
from lab.vertex_sets.multiface_names import CAPTURES, SENTENCES
from lab.vertex_sets.vocaset import SPLITS, read_vocaset
from mmtalker.errors import MMTalkerError
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from tests.lab.corpus import vertex_samples as samples


def names(dataset: VertexDataset, split: str) -> list[str]:
    return [sequence.name for sequence in dataset.split(split)]


def test_vocaset_as_delivered(tmp_path: Path) -> None:
    samples.write_delivered_vocaset(tmp_path)
    first, second, third = samples.VOCASET_SUBJECTS

    found = read_vocaset(tmp_path)

    assert names(found, "train") == [f"{first}_sentence01", f"{first}_sentence22"]
    assert names(found, "validation") == [f"{second}_sentence22", f"{second}_sentence23"]
    assert names(found, "test") == [f"{third}_sentence22", f"{third}_sentence23"]
    assert (found.fps, found.unit, found.train_subjects[0]) == (30.0, 1.0, first)
    assert any("sequences of the splits are not there" in note for note in found.notes)
    # Frames were stored in no order; every second one of 60 a second is used.
    sequence = next(found.split("train"))
    truth = samples.frames(found.templates[first], 60.0)[::2]
    np.testing.assert_allclose(sequence.vertices(), truth, atol=1e-6)
    audio = sequence.audio()
    assert audio.seconds == pytest.approx(1.3, abs=1e-3)
    assert np.abs(audio.samples).max() == pytest.approx(20_000 / 32_767, abs=0.05)


def test_vocaset_as_baselines_convert_it(tmp_path: Path) -> None:
    samples.write_converted_vocaset(tmp_path)

    found = read_vocaset(tmp_path)

    assert len(found.sequences) == 3 + 2 + 2
    sequence = next(found.split("test"))
    moving = sequence.vertices()
    assert isinstance(moving.base, np.memmap) or isinstance(moving, np.memmap)
    np.testing.assert_allclose(
        moving, samples.frames(found.templates[sequence.subject], 60.0)[::2], atol=1e-6
    )
    audio, cut = same_length(sequence.audio(), moving, found.fps)
    assert (len(cut), len(audio.samples)) == (24, round(0.8 * SAMPLE_RATE))


def test_vocaset_has_the_splits_that_papers_use() -> None:
    sizes = {split.name: len(split.subjects) * len(split.sentences) for split in SPLITS}
    assert sizes == {"train": 320, "validation": 40, "test": 40}
    assert len({subject for split in SPLITS for subject in split.subjects}) == 12


def test_flame_masks_name_each_vertex_once(tmp_path: Path) -> None:
    samples.write_delivered_vocaset(tmp_path)

    lists = read_vocaset(tmp_path).lists

    assert set(lists) == {"lips", "eye_region", "upper_face"}
    np.testing.assert_array_equal(lists["lips"], samples.lip_rows(samples.flame_like()[0]))
    assert set(lists["eye_region"]) < set(lists["upper_face"])


def test_lists_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    samples.write_delivered_vocaset(tmp_path / "set")
    (tmp_path / "lists").mkdir()
    (tmp_path / "set" / "FLAME_masks.pkl").rename(tmp_path / "lists" / "FLAME_masks.pkl")

    assert read_vocaset(tmp_path / "set").lists == {}
    assert "lips" in read_vocaset(tmp_path / "set", tmp_path / "lists").lists


def test_biwi_in_normalised_units_with_a_ply_of_doubles(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path)

    found = read_biwi(tmp_path)

    assert names(found, "train") == ["F2_e01"]
    assert names(found, "validation") == ["F2_e33"]
    assert names(found, "test-a") == ["F2_e37"]
    assert names(found, "test-b") == ["F1_e37"]
    assert found.fps == 25.0
    np.testing.assert_array_equal(found.triangles, samples.flame_like()[1])
    assert len(found.lists["lips"]) == len(samples.lip_rows(found.templates["F2"]))
    assert found.lists["upper_face"].tolist() == [0, 1, 2, 3]
    height = np.ptp(found.templates["F2"][:, 1]) * found.unit
    assert height == pytest.approx(np.ptp(samples.flame_like()[0][:, 1]), rel=1e-3)


def test_multiface_as_delivered_gets_its_dropped_frame_back(tmp_path: Path) -> None:
    samples.write_multiface(tmp_path)

    found = read_multiface(tmp_path)

    assert names(found, "train") == ["2_01"]
    assert names(found, "validation") == ["2_41"]
    assert (names(found, "test-a"), names(found, "test-b")) == (["2_46"], ["1_46"])
    moving = next(found.split("train")).vertices()
    truth = samples.frames(found.templates["2"], 30.0)
    assert moving.shape == truth.shape
    lost = samples.DROPPED_FRAME
    np.testing.assert_allclose(moving[lost], 0.5 * (truth[lost - 1] + truth[lost + 1]), atol=1e-3)
    np.testing.assert_allclose(np.delete(moving, lost, 0), np.delete(truth, lost, 0), atol=1e-3)
    assert len(found.lists["lips"]) and len(found.lists["eye_region"])
    assert any("2 of 13 captures" in note for note in found.notes)


def test_multiface_without_a_neutral_face_takes_the_first_frames(tmp_path: Path) -> None:
    samples.write_multiface(tmp_path, captures=(2,))
    neutral = tmp_path / CAPTURES[1] / "tracked_mesh" / "E001_Neutral_Eyes_Open"
    for path in neutral.glob("*.bin"):
        path.unlink()

    found = read_multiface(tmp_path)

    assert any("mean first frame" in note for note in found.notes)
    np.testing.assert_allclose(
        found.templates["2"], samples.person(samples.flame_like()[0] * 1000, 2), atol=1e-2
    )


def test_multiface_leaves_out_the_vertices_that_meshtalk_leaves_out(tmp_path: Path) -> None:
    samples.write_multiface(tmp_path)
    whole = read_multiface(tmp_path)
    for mask in tmp_path.glob("*.txt"):
        mask.unlink()
    script = "import os\nignore_vertices = {0, 1,\n 5}\nos.remove(__file__)\n"
    (tmp_path / "multiface2meshtalk.py").write_text(script, encoding="utf-8")

    found = read_multiface(tmp_path)

    assert found.vertex_count == whole.vertex_count - 3
    np.testing.assert_array_equal(found.templates["2"][2], whole.templates["2"][4])
    assert (tmp_path / "multiface2meshtalk.py").exists()  # read, not run
    gone = np.isin(whole.triangles, (0, 1, 5)).any(axis=1)
    assert len(found.triangles) == (~gone).sum()


def test_multiface_as_converted_is_brought_back_to_millimetres(tmp_path: Path) -> None:
    face, triangles = samples.flame_like()
    face = face * np.float32(1000)
    moving = samples.frames(face, 30.0)
    scaled = (moving - LOW) / (HIGH - LOW) * 2 - 1
    samples.save_flat(tmp_path / "vertices_npy" / "02_01.npy", scaled)
    samples.write_wav(tmp_path / "wav" / "02_01.wav")
    templates = {"2": (face - LOW) / (HIGH - LOW) * 2 - 1}
    (tmp_path / "templates.pkl").write_bytes(pickle.dumps(templates))
    samples.write_obj(tmp_path / "face_template.obj", face, triangles)

    found = read_multiface(tmp_path)

    assert names(found, "train") == ["2_01"]
    np.testing.assert_allclose(found.templates["2"], face, atol=1e-2)
    np.testing.assert_allclose(next(found.split("train")).vertices(), moving, atol=1e-2)


def test_multiface_names_thirteen_captures_and_fifty_sentences() -> None:
    assert (len(set(CAPTURES)), len(set(SENTENCES))) == (13, 50)


def test_dropped_frames_come_back_between_their_neighbours() -> None:
    vertices = np.array([0.0, 1.0, 4.0])[:, None, None] * np.ones((1, 2, 3))

    filled = at_every_number(np.array([7, 8, 11]), vertices)

    np.testing.assert_allclose(filled[:, 0, 0], [0, 1, 2, 3, 4])


def test_the_shorter_of_sound_and_frames_decides() -> None:
    audio, frames = Audio(np.ones(SAMPLE_RATE, dtype=np.float32)), np.zeros((40, 1, 3))

    assert len(same_length(audio, frames, 30.0)[1]) == 30
    assert same_length(audio, frames[:15], 30.0)[0].seconds == 0.5


def break_templates(folder: Path) -> None:
    (folder / "templates.pkl").unlink()


def break_topology(folder: Path) -> None:
    template, triangles = samples.flame_like()
    samples.write_ply(folder / "templates" / "FLAME_sample.ply", template[:-1], triangles[:50])


def break_array(folder: Path) -> None:
    np.save(folder / "data_verts.npy", np.zeros((5, 7, 3)))


def break_index(folder: Path) -> None:
    (folder / "subj_seq_to_idx.pkl").write_bytes(
        pickle.dumps({samples.VOCASET_SUBJECTS[0]: {"sentence01": {0: 10**6}}})
    )


def break_masks(folder: Path) -> None:
    (folder / "FLAME_masks.pkl").write_bytes(pickle.dumps({"lips": np.array([1])}))


def break_masks_by_topology(folder: Path) -> None:
    masks = {name: np.array([5000]) for name in ("lips", "eye_region", "forehead")}
    (folder / "FLAME_masks.pkl").write_bytes(pickle.dumps(masks))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (break_templates, "There is no file of templates"),
        (break_topology, "212 vertices and the set's templates have 213"),
        (break_array, r"its shape \(5, 7, 3\)"),
        (break_index, "names row 1000000"),
        (break_masks, "no vertex numbers of lips"),
        (break_masks_by_topology, "does not fit a mesh of 213 vertices"),
    ],
)
def test_what_is_wrong_with_a_set_is_a_sentence(tmp_path: Path, damage: object, sentence: str) -> None:
    samples.write_delivered_vocaset(tmp_path)
    damage(tmp_path)  # type: ignore[operator]

    with pytest.raises(MMTalkerError, match=sentence):
        read_vocaset(tmp_path)


def test_a_folder_without_the_set_is_a_sentence(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path)
    (tmp_path / "vertices_npy").rename(tmp_path / "elsewhere")

    with pytest.raises(MMTalkerError, match="holds no folder vertices_npy"):
        read_biwi(tmp_path)


def test_a_sequence_of_another_topology_is_a_sentence(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path)
    np.save(tmp_path / "vertices_npy" / "F2_e01.npy", np.zeros((20, 30)))

    with pytest.raises(MMTalkerError, match=r"\(20, 30\)"):
        next(read_biwi(tmp_path).split("train")).vertices()
