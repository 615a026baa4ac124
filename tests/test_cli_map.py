"""``mmtalker map``: what it writes, what it says, and what it refuses."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import mmtalker.cli.map as map_module
from mmtalker.cli import main
from mmtalker.cli.exits import Exit
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.png import SIGNATURE
from mmtalker.mapping.types import REGIONS, Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import Role


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo head's places and their picture."""
    folder = tmp_path_factory.mktemp("map")
    assert main(["map", "demo", "-o", str(folder / "x.npz"), "--picture", str(folder / "y.png")]) == Exit.OK
    return folder


def test_places_and_picture_are_written_and_nothing_else(result: Path) -> None:
    assert sorted(path.name for path in result.iterdir()) == ["x.npz", "y.png"]
    assert (result / "y.png").read_bytes().startswith(SIGNATURE)


def test_the_arrays_are_those_that_are_promised(result: Path) -> None:
    head = load_canonical()
    with np.load(result / "x.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    count, marks = len(head.vertices), len(head.landmarks)
    assert {name: array.shape for name, array in arrays.items()} == {
        "vertices": (count, 3),
        "uv": (count, 2),
        "role": (count,),
        "jaw_weight": (count,),
        "leader": (count,),
        "landmark_names": (marks,),
        "landmark_points": (marks, 3),
        "region_names": (len(REGIONS),),
        "region_confidence": (len(REGIONS),),
        "confidence": (1,),
        "mouth": (1,),
        "topology": (1,),
        "scale": (1,),
        "rotation": (3, 3),
        "translation": (3,),
    }
    np.testing.assert_array_equal(arrays["vertices"], head.vertices)
    np.testing.assert_allclose(arrays["uv"][: head.chart_count], head.uv, atol=1e-6)
    np.testing.assert_array_equal(arrays["role"], head.role)
    assert (arrays["jaw_weight"][head.role == Role.TEETH_LOWER] == 1.0).all()
    nose = arrays["landmark_points"][arrays["landmark_names"].tolist().index("nose_tip")]
    np.testing.assert_allclose(nose, head.vertices[head.landmarks["nose_tip"]])
    assert arrays["mouth"].tolist() == [str(Mouth.PARTED)]
    assert arrays["topology"].tolist() == ["anny"]
    assert arrays["confidence"][0] == 1.0
    np.testing.assert_allclose(arrays["rotation"], np.eye(3), atol=1e-4)
    np.testing.assert_allclose(arrays["scale"], 1.0, atol=1e-4)


def test_it_says_in_one_line_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "demo", "-o", str(tmp_path / "x.npz")]) == Exit.OK
    said = capsys.readouterr()
    assert said.out.startswith(f"Wrote {tmp_path / 'x.npz'}: 8,366 vertices mapped in ")
    assert "confidence 1.00 (mouth 1.00, eye left 1.00" in said.out and "mouth parted" in said.out
    assert said.out.count("\n") == 1
    assert said.err == ""
    assert list(tmp_path.iterdir()) == [tmp_path / "x.npz"]


@pytest.mark.parametrize(
    ("out", "picture", "named"),
    [("x.json", "y.png", "x.json"), ("x.npz", "y.jpg", "y.jpg"), ("x", "y.png", "x")],
)
def test_a_wrong_ending_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, picture: str, named: str
) -> None:
    status = main(["map", "demo", "-o", str(tmp_path / out), "--picture", str(tmp_path / picture)])
    assert status == Exit.USAGE
    assert named in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "no mesh"])
def test_a_head_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    head = tmp_path / "some_head.obj"
    if content is not None:
        head.write_text(content)
    assert main(["map", str(head), "-o", str(tmp_path / "x.npz")]) == Exit.HEAD
    assert "some_head.obj" in capsys.readouterr().err
    assert not (tmp_path / "x.npz").exists()


def test_a_mesh_without_a_face_ends_with_the_head_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(mesh: object) -> None:
        raise MMTalkerError(ErrorCode.UNSUPPORTED_HEAD, "No face was found.")

    monkeypatch.setattr(map_module, "map_head", blind)
    assert main(["map", "demo", "-o", str(tmp_path / "x.npz")]) == Exit.HEAD
    assert "No face was found." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_place_for_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.npz").mkdir()
    assert main(["map", "demo", "-o", str(tmp_path / "x.npz")]) == Exit.OUTPUT
    assert "is a folder" in capsys.readouterr().err


def test_warnings_are_printed_beside_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # So long, it is beyond what is sure and within what is known.
    head = load_canonical()
    path = tmp_path / "long.obj"
    lines = [f"v {x} {1.7 * y} {z}" for x, y, z in head.vertices]
    starts, loops = head.mesh.loop_starts, head.mesh.loop_vertices
    lines += ["f " + " ".join(str(corner + 1) for corner in loops[a:b]) for a, b in pairwise(starts)]
    path.write_text("\n".join(lines) + "\n")
    assert main(["map", str(path), "-o", str(tmp_path / "x.npz")]) == Exit.OK
    said = capsys.readouterr()
    assert said.err.startswith("Warning: The head's proportions are far from")
    assert "confidence 0." in said.out


def test_a_head_that_was_mapped_before_is_taken_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: Path
) -> None:
    pytest.importorskip("torch", reason="the store of the worker comes with the pipeline")
    words = ["map", "demo", "--cache-dir", str(tmp_path / "cache"), "-o"]
    assert main([*words, str(tmp_path / "first.npz")]) == Exit.OK

    def never(*given: object) -> None:
        raise AssertionError("mapped again")

    monkeypatch.setattr("mmtalker.mapping.map_head.map_head", never)
    assert main([*words, str(tmp_path / "again.npz")]) == Exit.OK
    with np.load(tmp_path / "again.npz") as again, np.load(result / "x.npz") as plain:
        for name in plain.files:
            np.testing.assert_array_equal(again[name], plain[name])
