"""The benchmark of mapping: what heads are drawn, what is counted, and what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="mapping needs torch")

from lab.bank.people import Person
from lab.bank.remeshing import distances, remesh
from lab.mapping_test import command as command
from lab.mapping_test.heads import KINDS, POSES, TRIANGLES, TestHead, draw_head, truth_points
from lab.mapping_test.measure import Folds, Outcome, count_folds, eyes_apart, landmark_errors, measure
from lab.mapping_test.tables import group_table, landmark_table, ranking, render, summary, to_json
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role

HEAD = load_canonical()
PLACE = Similarity(20.0, rotation_about(np.array([1.0, 0.0, 0.0]), 1.0), np.array([3.0, -4.0, 5.0]))


def demo() -> TestHead:
    """The demo head somewhere, every landmark's truth being its vertex."""
    mesh = Mesh.from_polygons(PLACE.apply(HEAD.vertices).astype(np.float32), HEAD.triangles)
    truth = {name: HEAD.vertices[vertex].astype(np.float64) for name, vertex in HEAD.landmarks.items()}
    moved = dict.fromkeys(truth, 0.001)
    return TestHead(7, "Anny", "any", ("eyes",), mesh, PLACE, truth, moved)


def made(number: int, confidence: float, error: float, triangles: int = 5000, **changes: object) -> Outcome:
    one = Outcome(
        number=number,
        kind="ICT",
        pose="any",
        parts=("eyes", "teeth"),
        vertices=triangles // 2,
        triangles=triangles,
        seconds=2.0,
        refusal="",
        fault="",
        confidence=confidence,
        errors={"chin": error, "nose_tip": 2.0 * error},
        least={"chin": 0.5, "nose_tip": 0.25},
        folds=Folds(100, 3, 80, number % 2),
    )
    return replace(one, **changes)


def refused(number: int, **said: str) -> Outcome:
    return made(number, 0.0, 0.0, errors={}, folds=None, **said)


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]


def test_errors_are_shares_of_the_distance_between_the_outer_corners_of_the_eyes() -> None:
    head = demo()
    mapping = map_head(head.mesh)
    exact = landmark_errors(head, mapping)
    assert set(exact) == set(HEAD.landmarks)
    assert max(exact.values()) < 0.01
    apart = np.linalg.norm(head.truth["eye_left_outer"] - head.truth["eye_right_outer"])
    off = {**mapping.points, "chin": PLACE.apply(head.truth["chin"] + [0.0, 0.05 * apart, 0.0])}
    assert landmark_errors(head, replace(mapping, points=off))["chin"] == pytest.approx(5.0, abs=0.01)


def test_folds_are_counted_apart_where_they_are_seen_and_where_not() -> None:
    mapping = map_head(demo().mesh)
    clean = count_folds(mapping)
    assert (clean.turned, clean.visible_turned) == (0, 0)
    assert 0.9 * len(HEAD.chart_triangles) < clean.laid <= len(HEAD.chart_triangles)
    assert 0 < clean.visible_laid < clean.laid
    for role, seen in ((Role.SKIN, True), (Role.MOUTH_SOCKET, False)):
        chart = mapping.triangles[(mapping.role == role)[mapping.triangles].all(axis=1)]
        inner = chart[np.abs(mapping.uv[chart] - 0.5).max(axis=(1, 2)) < 0.2]
        turned = replace(mapping, triangles=mapping.triangles.copy())
        where = np.flatnonzero((mapping.triangles == inner[0]).all(axis=1))
        turned.triangles[where] = turned.triangles[where][:, [0, 2, 1]]
        found = count_folds(turned)
        assert (found.turned, found.visible_turned) == (1, int(seen))


def test_skin_squeezed_on_the_border_of_the_chart_is_no_fold() -> None:
    mapping = map_head(demo().mesh)
    border = np.flatnonzero((mapping.role == Role.SKIN) & (mapping.uv[:, 1] < 0.05))
    lowest = border[np.argsort(mapping.uv[border, 1])[:1]]
    uv = mapping.uv.copy()
    uv[border] = uv[lowest]
    before, after = (count_folds(replace(mapping, uv=places)) for places in (mapping.uv, uv))
    assert after.turned < len(border) // 4 and after.laid < before.laid


def test_what_a_mapping_raises_is_kept_with_the_head() -> None:
    def refuse(mesh: Mesh) -> HeadMapping:
        raise MMTalkerError(ErrorCode.UNSUPPORTED_HEAD, "No face was found.")

    def crash(mesh: Mesh) -> HeadMapping:
        raise IndexError("out of bounds")

    def lack(mesh: Mesh) -> HeadMapping:
        raise MMTalkerError(ErrorCode.WEIGHTS_MISSING, "No weights.")

    no, crashed, yes = (measure(demo(), one) for one in (refuse, crash, map_head))
    assert (no.refusal, no.fault, no.mapped, no.errors) == ("No face was found.", "", False, {})
    assert (crashed.refusal, crashed.fault) == ("", "IndexError: out of bounds")
    assert yes.least["chin"] == no.least["chin"] == pytest.approx(0.1 / eyes_apart(demo()))
    assert yes.mapped and yes.confidence == 1.0 and yes.parts == ("eyes",)
    with pytest.raises(MMTalkerError, match="No weights"):
        measure(demo(), lack)


def test_figures_are_over_all_landmarks_of_the_mapped_heads() -> None:
    outcomes = [made(0, 0.9, 1.0), made(1, 0.5, 3.0), refused(2, refusal="No face.")]
    found = summary(outcomes)
    assert (found["heads"], found["mapped"]) == (3, 2)
    assert found["median %"] == pytest.approx(2.5)
    assert (found["folded, visible"], found["folded"]) == (0.5, 3.0)
    assert summary([refused(0)])["median %"] is None


def test_confidence_is_held_against_error() -> None:
    sure_ones_better = [made(i, 1.0 - 0.01 * i, 1.0 + i) for i in range(20)]
    found = ranking(sure_ones_better)
    assert found["rank correlation"] == pytest.approx(-1.0)
    assert found["least sure, heads"] == 2 and found["others, heads"] == 18
    assert found["least sure, median %"] > 2.0 * found["others, median %"]
    assert ranking([made(i, 0.01 * i, 1.0 + i) for i in range(20)])["rank correlation"] == pytest.approx(1.0)
    assert ranking(sure_ones_better[:2]) == {}


def test_tables_have_a_row_for_each_kind_size_pose_and_missing_part() -> None:
    outcomes = [
        made(0, 0.9, 1.0, triangles=1990),
        made(1, 0.9, 1.0, triangles=6000, kind="Anny", parts=("teeth",)),
        made(2, 0.9, 1.0, triangles=200_000, pose="z up"),
    ]
    rows = {row[0]: row[1] for row in cells(group_table(outcomes))[2:]}
    assert rows == {
        "all": "3",
        "ICT": "2",
        "Anny": "1",
        "2,000 to 6,000 triangles": "1",
        "6,000 to 20,000 triangles": "1",
        "60,000 to 200,000 triangles": "1",
        "pose: z up": "1",
        "pose: any": "2",
        "without eyes": "1",
    }
    table = cells(landmark_table(outcomes))
    assert [row[0] for row in table[2:]] == ["nose_tip", "chin"]
    assert table[2][1:] == ["2", "2", "2", "0"]


def test_the_report_says_who_was_not_mapped_and_why() -> None:
    outcomes = [made(0, 0.9, 1.0), refused(1, refusal="No face."), refused(2, fault="IndexError: 3")]
    text = render(outcomes, {"seed": 4})
    assert "1 of 3" in text
    assert "head 1 (ICT, 5,000 triangles): No face." in text
    assert "head 2 (ICT, 5,000 triangles): IndexError: 3" in text
    data = json.loads(json.dumps(to_json(outcomes, {"seed": 4})))
    assert [one["number"] for one in data["heads"]] == [0, 1, 2]
    assert data["heads"][0]["folds"]["visible_laid"] == 80


def test_nothing_mapped_is_a_report_too() -> None:
    assert "0 of 1" in render([refused(0, refusal="No face.")], {})


def test_the_truth_is_on_the_surface_at_the_landmarks_place() -> None:
    person = Person(
        model="anny",
        vertices=2.0 * HEAD.vertices.astype(np.float64),
        triangles=HEAD.triangles.astype(np.int64),
        role=HEAD.role,
        uv=np.concatenate([HEAD.uv, np.zeros((len(HEAD.vertices) - HEAD.chart_count, 2))]).astype(np.float64),
        place=HEAD.vertices.astype(np.float64),
        on_chart=np.isin(HEAD.role, CHART_ROLES) & (np.arange(len(HEAD.vertices)) < HEAD.chart_count),
        landmarks=dict(HEAD.landmarks),
    )
    truth = truth_points(person)
    for name, vertex in HEAD.landmarks.items():
        np.testing.assert_allclose(truth[name], 2.0 * HEAD.vertices[vertex], atol=1e-5)


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("count", [600, 5000, 40_000])
def test_remeshing_keeps_the_surface_and_its_parts(count: int, smooth: bool) -> None:
    pytest.importorskip("igl", reason="remeshing needs libigl")
    eyes = np.isin(HEAD.role, (Role.EYE_LEFT, Role.EYE_RIGHT))
    triangles = HEAD.triangles[eyes[HEAD.triangles].all(axis=1)].astype(np.int64)
    points = HEAD.vertices.astype(np.float64)
    vertices, made_ones = remesh(points, triangles, count, smooth)
    assert 0.85 * count < len(made_ones) <= count
    assert set(np.unique(made_ones)) == set(range(len(vertices)))
    assert distances(points[np.unique(triangles)], vertices, made_ones).max() < 0.001
    assert abs((vertices[:, 0] > 0).mean() - 0.5) < 0.05


@pytest.mark.slow
def test_two_heads_are_drawn_mapped_and_reported(data_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("igl", reason="remeshing needs libigl")
    pytest.importorskip("anny", reason="people of Anny need it")
    again = draw_head(1, 3, data_folder)
    other = draw_head(1, 4, data_folder)
    assert again.kind in KINDS and again.pose in POSES
    assert TRIANGLES[0] * 0.8 <= again.mesh.face_count <= TRIANGLES[1] * 1.01
    assert again.mesh.vertex_count != other.mesh.vertex_count
    np.testing.assert_array_equal(again.mesh.vertices, draw_head(1, 3, data_folder).mesh.vertices)
    words = ["--data", str(data_folder), "-o", str(tmp_path), "--heads", "2", "--seed", "3"]
    assert command.main(words) == 0
    data = json.loads((tmp_path / "any_heads.json").read_text(encoding="utf-8"))
    assert [one["kind"] for one in data["heads"]] == ["ICT", "Anny"]
    assert data["heads"][1]["triangles"] == again.mesh.face_count
    assert data["summary"]["median %"] < 6.0
    assert (tmp_path / "any_heads.md").read_text(encoding="utf-8").startswith("# Mapping heads")


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = ["--mapping-weights", str(tmp_path / "none.safetensors")]
    assert command.main(["--data", str(tmp_path), "-o", str(tmp_path / "out"), *missing]) == 2
    assert "none.safetensors" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["--data", str(tmp_path), "-o", str(tmp_path / "out"), "--heads", "0"])
