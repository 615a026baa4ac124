"""The benchmark that leaves one head model out: what is measured, who is refused, and what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="heads of the benchmark come with torch")

from lab.heads.training_heads import TrainingHead, anny_head
from lab.shape_transfer import command as command
from lab.shape_transfer.measure import Direction, face_skin, measure, shape_errors
from lab.shape_transfer.systems import CHART, STILL, SYSTEMS, build_systems, chart_shapes, of_mesh
from lab.shape_transfer.tables import MEAN, person_table, shape_table
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX
from tests.lab.comparison.made_face import face, head_of

JAW = ARKIT_INDEX["jawOpen"]


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]


def small_head(**changes: object) -> TrainingHead:
    """Nine vertices: two of the face, two in the mouth, of which one moves, and others that nothing moves."""
    shapes = np.zeros((52, 9, 3), dtype=np.float32)
    shapes[JAW, [0, 1, 3]] = [0.0, -0.01, 0.0]
    role = np.full(9, Role.SKIN, dtype=np.uint8)
    role[3:5] = Role.MOUTH_SOCKET
    return replace(head_of(face(3)), role=role, shapes=shapes, **changes)


def refuse(source: TrainingHead, target: TrainingHead) -> np.ndarray:
    raise MMTalkerError(ErrorCode.UNSUPPORTED_HEAD, "What is this?")


def half(source: TrainingHead, target: TrainingHead) -> np.ndarray:
    return 0.5 * target.shapes


def test_errors_are_means_in_mm_over_the_moved_skin_alone() -> None:
    head = small_head()
    np.testing.assert_array_equal(np.flatnonzero(face_skin(head)), [0, 1])
    made = head.shapes.copy()
    made[JAW, 0] += [0.003, 0.0, 0.004]
    made[JAW, 2:] += 1.0
    errors = shape_errors(head, made)
    assert errors[JAW] == pytest.approx(2.5, rel=1e-4)
    assert errors.sum() == pytest.approx(2.5, rel=1e-4)


def test_only_shapes_that_both_models_have_are_measured() -> None:
    known = np.ones(52, dtype=bool)
    known[ARKIT_INDEX["tongueOut"]] = False
    for source, target in ((small_head(known_shapes=known), small_head()), (small_head(),) * 2):
        outcome = measure(Direction("made", source, [target]), {"half": half})
        assert outcome.shapes[ARKIT_INDEX["tongueOut"]] == source.known_shapes.all()


def test_a_refused_head_is_left_out_of_the_means_and_said() -> None:
    def some(source: TrainingHead, target: TrainingHead) -> np.ndarray:
        return refuse(source, target) if target.name == "odd" else half(source, target)

    people = [small_head(), replace(small_head(name="odd"), shapes=3.0 * small_head().shapes)]
    outcome = measure(Direction("made", small_head(), people), {"half": half, "some": some, "none": refuse})
    assert outcome.refusals == {
        "half": {},
        "some": {1: "What is this?"},
        "none": dict.fromkeys((0, 1), "What is this?"),
    }
    table = cells(shape_table(outcome))
    assert table[0] == ["shape", "half", "some (1 of 2)"]
    assert table[2][0] == MEAN
    assert next(row for row in table if row[0] == "jawOpen") == ["jawOpen", "10", "5"]
    assert [row[-1] for row in cells(person_table(outcome))[2:]] == ["–", "–"]


def test_other_errors_are_not_taken_for_refusals() -> None:
    def broken(source: TrainingHead, target: TrainingHead) -> np.ndarray:
        raise MMTalkerError(ErrorCode.WEIGHTS_MISSING, "No weights.")

    with pytest.raises(MMTalkerError, match="No weights"):
        measure(Direction("made", small_head(), [small_head()]), {"broken": broken})


def test_a_shuffled_mesh_is_the_same_surface_and_its_shapes_come_back_in_order() -> None:
    head = head_of(face())
    seen: list[Mesh] = []

    def positions(mesh: Mesh, source: TrainingHead) -> np.ndarray:
        seen.append(mesh)
        return np.repeat(mesh.vertices[None], 52, axis=0)

    made = of_mesh(positions, 3)(head, head)
    np.testing.assert_array_equal(made[JAW], head.vertices)
    assert (seen[0].vertices != head.vertices).any(axis=1).mean() > 0.9
    both = (seen[0].vertices[seen[0].triangles()], head.vertices[head.triangles])
    ordered = [corners.reshape(-1, 9)[np.lexsort(corners.reshape(-1, 9).T)] for corners in both]
    np.testing.assert_array_equal(*ordered)
    of_mesh(positions, None)(head, head)
    np.testing.assert_array_equal(seen[1].vertices, head.vertices)


def test_the_chart_gives_the_source_its_own_shapes_in_any_pose() -> None:
    head = anny_head()
    pose = Similarity(100.0, rotation_about(np.array([0.0, 1.0, 0.0]), 0.7), np.array([3.0, 4.0, 5.0]))
    mesh = Mesh.from_polygons(pose.apply(head.vertices).astype(np.float32), head.triangles)
    made = chart_shapes()(mesh, head)
    skin = np.isin(head.role, CHART_ROLES)
    own = pose.apply_vectors(head.shapes[:, skin])
    away = np.linalg.norm(made[:, skin] - own, axis=2).mean(axis=1)
    assert (away <= 0.004 + 0.1 * np.linalg.norm(own, axis=2).mean(axis=1)).all()
    assert np.abs(made[JAW]).max() > 1.0
    assert not made[:, ~skin].any()


def test_the_command_measures_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head, person = head_of(face()), head_of(face(18, nose=0.02))
    asked = []

    def draw(data: Path, people: int, seed: int) -> list[Direction]:
        asked.append((data, people, seed))
        return [Direction("Made to made", head, [person])]

    monkeypatch.setattr(command, "both_directions", draw)
    words = ["--data", str(tmp_path), "-o", str(tmp_path / "out"), "--people", "1"]
    assert command.main(words) == 0
    assert asked == [(tmp_path, 1, 0)]
    text = (tmp_path / "out" / "transfer.md").read_text(encoding="utf-8")
    assert text in capsys.readouterr().out
    assert "**chart refused 1 of 1 heads**" in text
    data = json.loads((tmp_path / "out" / "transfer.json").read_text(encoding="utf-8"))
    assert {"command", "device", "commit", "seed"} <= set(data["about"])
    (direction,) = data["directions"]
    assert direction["error_mm"].pop("chart") == [None]
    errors = {name: np.mean(rows) for name, rows in direction["error_mm"].items()}
    assert list(errors) == ["still", "closest-point", "deformation-transfer"]
    assert all(errors[name] < 0.3 * errors[STILL] for name in errors if name != STILL)
    assert len(direction["shapes"]) == len(direction["error_mm"][STILL][0]) == 52


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--data", str(tmp_path), "-o", str(tmp_path / "out"), "--only", "still"]) == 2
    assert "heads/ict_facekit" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["--data", str(tmp_path), "-o", str(tmp_path / "out"), "--people", "0"])


def test_every_system_can_be_built() -> None:
    assert list(build_systems(list(SYSTEMS), None, "cpu", False, 0)) == list(SYSTEMS)
    assert CHART in SYSTEMS
