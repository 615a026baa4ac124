"""The encoder against an independent run of the same weights, and its shape rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import Audio
from mmtalker.speech.mel import log_mel
from mmtalker.speech.weights import EncoderConfig, tensor_shapes
from mmtalker.speech.whisper import WhisperEncoder, load_encoder

TINY = EncoderConfig(width=16, heads=2, depth=3, mel_bands=8, positions=20)


def tiny(layers: tuple[int, ...]) -> WhisperEncoder:
    torch.manual_seed(0)
    return WhisperEncoder(TINY, layers).eval()


def test_the_module_has_exactly_the_tensors_of_the_file() -> None:
    model = WhisperEncoder(TINY, (3,))
    assert {name: tuple(t.shape) for name, t in model.state_dict().items()} == tensor_shapes(TINY)


def test_layers_are_given_in_the_order_asked_for() -> None:
    mel = torch.randn(2, 8, 24)
    both = tiny((3, 1))(mel)
    assert both.shape == (2, 12, 2, 16)
    assert torch.equal(both[:, :, 0], tiny((3,))(mel)[:, :, 0])
    assert torch.equal(both[:, :, 1], tiny((1,))(mel)[:, :, 0])


def test_the_last_layer_is_normed() -> None:
    out = tiny((3,))(torch.randn(1, 8, 24))
    assert out.mean(-1).abs().max() < 1e-5
    assert (out.var(-1, unbiased=False) - 1.0).abs().max() < 1e-2


@pytest.mark.parametrize("layers", [(), (4,), (-1,)])
def test_layers_that_are_not_there_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="between 0 and 3"):
        WhisperEncoder(TINY, layers)


def test_the_encoder_can_be_exported_for_any_length() -> None:
    model = tiny((1, 3))
    frames = torch.export.Dim("half", min=2, max=20)
    program = torch.export.export(model, (torch.randn(1, 8, 24),), dynamic_shapes={"mel": {2: 2 * frames}})
    other = torch.randn(1, 8, 10)
    assert torch.allclose(program.module()(other), model(other), atol=1e-5)


def test_states_agree_with_ctranslate2(encoder_file: Path, speech: Audio) -> None:
    """Golden values: CTranslate2 4.8 ran the original model.bin in float32 on the same log-mel of 30 s."""
    expected = [
        [-1.5788, 1.4584, -0.1661, -0.5770, 0.3853, -0.2643],
        [-1.5730, -0.2685, -0.9757, -0.4515, -0.2079, -1.4119],
        [1.8422, 0.0988, 0.2551, -0.8559, 1.6993, -0.6180],
        [0.3311, -1.0549, -0.9038, 0.6331, -0.7109, -1.1804],
    ]
    samples = torch.zeros(30 * 16_000)
    samples[: len(speech.samples)] = torch.from_numpy(speech.samples)
    model = load_encoder(encoder_file, layers=(6,))

    with torch.inference_mode():
        states = model(log_mel(samples)[None])[0, :, 0].numpy()

    assert states.shape == (1500, 512)
    assert states[np.ix_([10, 60, 120, 170], [0, 64, 128, 256, 400, 511])] == pytest.approx(
        np.array(expected), abs=5e-3
    )


def test_a_damaged_encoder_is_refused(encoder_file: Path, tmp_path: Path) -> None:
    content = bytearray(encoder_file.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "encoder.safetensors").write_bytes(content)
    with pytest.raises(MMTalkerError, match="damaged") as caught:
        load_encoder(tmp_path / "encoder.safetensors")
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING
