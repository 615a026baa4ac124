"""Head and speech in, named shape keys and curves out: the one call behind command line and worker."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.animation import RAW_RATE, Animation
from mmtalker.contact.lips import can_meet, read_lips
from mmtalker.contact.modes import DETAIL_NAMES
from mmtalker.contact.solve import solve_contact
from mmtalker.device import choose_device, choose_dtype
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping
from mmtalker.mapping.weights import mapping_fingerprint
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.check import check_mesh
from mmtalker.mesh.mesh import Mesh
from mmtalker.model.heads import Chart, HeadSurface, sample_for_inference
from mmtalker.model.inference import extract_features, predict_activations
from mmtalker.model.loading import DEFAULT_FOLDER, LoadedModel, load_model
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.motion.finish import AnimateOptions, finish_curves
from mmtalker.motion.resample import frame_times, sample_curves
from mmtalker.motion.silence import has_voice, loudness, speech_gain
from mmtalker.prepared import PreparedHead, PreparedSpeech
from mmtalker.progress import Progress, silent, span
from mmtalker.shape_keys import make_shape_keys
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.features import SpeechEncoder, frame_count
from mmtalker.speech.weights import ENCODER_FILE_NAME, ENCODER_SHA256, check_encoder_file

__all__ = ["RAW_RATE", "AnimateOptions", "Animation", "PreparedHead", "PreparedSpeech", "Talker"]

Float32 = NDArray[np.float32]

NO_VOICE = (
    "No voice was heard in the sound, so the mouth stays at rest. Choose sound in which somebody speaks; "
    "a voice that is very quiet or lies under noise must be cleaned and made louder first."
)


class Talker:
    """The model on one device; weights are read at the first use."""

    def __init__(
        self,
        *,
        device: str = "auto",
        weights: Path | None = None,
        encoder: Path | None = None,
        dtype: str = "float32",
    ) -> None:
        """Choose device and files.

        Args:
            device: ``auto``, ``cpu`` or ``cuda``.
            weights: folder of a trained model; None for the shipped one.
            encoder: the speech encoder's file; None for the one beside the shipped weights.
            dtype: what the speech encoder multiplies in: ``float32``, which gives the same curves on
                every device; ``bfloat16``; or ``auto``, which takes the faster one.

        Raises:
            MMTalkerError: DEVICE_UNAVAILABLE, or BAD_REQUEST for another ``dtype``.
        """
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._weights = weights or DEFAULT_FOLDER
        self._encoder_path = encoder or DEFAULT_FOLDER / ENCODER_FILE_NAME

    @property
    def device_name(self) -> str:
        if self._device.type == "cuda":
            return f"cuda:0 {torch.cuda.get_device_name(0)}"
        return "cpu"

    @property
    def dtype_name(self) -> str:
        """What the speech encoder multiplies in."""
        return str(self._dtype).removeprefix("torch.")

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the same input could give another result.

        Raises:
            MMTalkerError: WEIGHTS_MISSING when the model or the encoder cannot be used.
        """
        check_encoder_file(self._encoder_path)
        config = json.dumps(self._model.network.config.to_json())
        parts = (mapping_fingerprint(), ENCODER_SHA256, self._model.checksum, config, self.dtype_name)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def _model(self) -> LoadedModel:
        loaded = load_model(self._weights, self._device)
        if loaded.network.config.names[: len(ARKIT_NAMES)] != ARKIT_NAMES:
            raise MMTalkerError(
                ErrorCode.WEIGHTS_MISSING,
                f"The model weights in {self._weights} do not begin with the 52 channels of ARKit, which "
                "heads are animated by. Reinstall MMTalker, or train the model again.",
            )
        expected, found = len(load_canonical().chart_triangles), loaded.network.config.chart_triangles
        if found != expected:
            raise MMTalkerError(
                ErrorCode.WEIGHTS_MISSING,
                f"The model weights in {self._weights} were made for a chart of {found} triangles, and this "
                f"version's has {expected}. Reinstall MMTalker, or train the model again.",
            )
        return loaded

    @cached_property
    def _encoder(self) -> SpeechEncoder:
        layers = self._model.network.config.speech_layers
        return SpeechEncoder(self._encoder_path, self._device, layers, self._dtype)

    @property
    def names(self) -> tuple[str, ...]:
        """Channels of the network; a head whose lips are two has the detail modes beside them."""
        return self._model.network.config.names

    @property
    def styles(self) -> tuple[str, ...]:
        """Ways of speaking that may be asked for, the default first."""
        return self._model.network.config.styles

    def _style(self, name: str) -> int:
        if name not in self.styles:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"There is no style {name!r}. The styles are {', '.join(self.styles)}.",
            )
        return self.styles.index(name)

    @torch.inference_mode()
    def prepare_head(
        self, mesh: Mesh, progress: Progress = silent, mapping: HeadMapping | None = None
    ) -> PreparedHead:
        """Check, map and sample a head and evaluate its shape keys.

        Args:
            mesh: the head.
            progress: told about the stages.
            mapping: where its vertices lie, where that is known; else it is found out.

        Raises:
            MMTalkerError: BAD_MESH, UNSUPPORTED_HEAD or WEIGHTS_MISSING.
        """
        warnings = check_mesh(mesh)
        progress("mapping", 0.05)
        mapping = mapping or map_head(mesh)
        network = self._model.network
        progress("sampling", 0.4)
        vertices = mapping.to_canonical.apply(mesh.vertices)
        surface = HeadSurface.mapped(vertices, mapping)
        canonical = load_canonical()
        chart = Chart(torch.from_numpy(canonical.uv[canonical.chart_triangles]))
        sampled = sample_for_inference(network, chart, surface)
        progress("shapes", 0.55)
        sample_shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6])
        names = self.names + (DETAIL_NAMES if can_meet(mapping) else ())
        shapes = make_shape_keys(
            network, sampled, surface, mapping, vertices, names, span(progress, 0.55, 1.0)
        )
        return PreparedHead(
            mesh,
            mapping.topology,
            mapping.confidence,
            mapping.role,
            names,
            mapping.to_canonical.inverse().apply_vectors(shapes).astype(np.float32),
            read_lips(mesh, mapping, vertices, shapes),
            sampled.static.cpu().numpy(),
            sampled.neighbours.cpu().numpy(),
            sampled.identity.cpu().numpy(),
            sample_shapes.cpu().numpy(),
            tuple(warnings) + mapping.warnings,
        )

    @torch.inference_mode()
    def prepare_speech(self, audio: Audio, progress: Progress = silent) -> PreparedSpeech:
        """Encode speech of any length; a quiet voice is raised, and its loudness is given as raised.

        Raises:
            MMTalkerError: WEIGHTS_MISSING.
        """
        total = frame_count(audio)
        energy = loudness(audio.samples, SAMPLE_RATE, RAW_RATE)
        raised = speech_gain(energy, RAW_RATE)

        def chunks() -> Iterator[Float32]:
            for start, chunk in self._encoder.iter_features(audio, gain=10.0 ** (raised / 20.0)):
                yield chunk
                progress("speech", (start + len(chunk)) / total)

        features = extract_features(self._model.network, chunks(), total)
        return PreparedSpeech(features, energy + np.float32(raised), audio.seconds)

    @torch.inference_mode()
    def animate(
        self,
        head: PreparedHead,
        speech: PreparedSpeech,
        *,
        fps: float,
        start_time: float = 0.0,
        frames: int | None = None,
        seed: int = 0,
        options: AnimateOptions = AnimateOptions(),  # noqa: B008 - frozen
        progress: Progress = silent,
    ) -> Animation:
        """Make a head speak.

        Args:
            head, speech: prepared by this talker.
            fps: rate of the curves; any positive number.
            start_time: seconds of the audio at the first row.
            frames: rows; None covers the audio from ``start_time`` on.
            seed: of blinks; the same input and seed give the same curves.
            options: finishing.
            progress: told about windows.
        """
        if not (np.isfinite(fps) and fps > 0 and np.isfinite(start_time)):
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"The frame rate is {fps} and the start {start_time} s. Give a positive frame rate.",
            )
        voice = speech.features.voice
        began = time.perf_counter()
        raw = self._activations(head, speech, options, progress)
        fused = time.perf_counter()
        finished = finish_curves(raw, self.names, speech.energy, voice, RAW_RATE, options, seed)
        still = np.zeros((len(raw), len(head.names) - len(self.names)), dtype=np.float32)
        contact = solve_contact(finished, head.contact, self.names, RAW_RATE) if head.contact else still
        finished, raw = (np.concatenate(parts, axis=1) for parts in ((finished, contact), (raw, still)))
        if frames is None:
            frames = max(1, int(np.ceil((speech.seconds - start_time) * fps)))
        curves = sample_curves(finished, RAW_RATE, frame_times(frames, fps, start_time))
        stats = {
            "audio_seconds": speech.seconds,
            "fusion_seconds": fused - began,
            "finish_seconds": time.perf_counter() - fused,
        }
        spoken = has_voice(voice, speech.energy, RAW_RATE)
        warnings = head.warnings if spoken else (*head.warnings, NO_VOICE)
        return Animation(head.names, curves, fps, start_time, raw, head.mesh, head.shapes, stats, warnings)

    def _activations(
        self, head: PreparedHead, speech: PreparedSpeech, options: AnimateOptions, progress: Progress
    ) -> Float32:
        """(T, K) by fusion and regression, in the style that was asked for."""
        network = self._model.network
        style, strength = self._style(options.style), options.style_strength
        vector = network.style.asked(style, strength)
        sampled = head.sampled(self._device)
        plain = predict_activations(network, sampled, head.sample_shapes, speech.features, progress, vector)
        shaded: Float32 = (
            network.style.shade(style, strength, torch.from_numpy(plain).to(vector)).cpu().numpy()
        )
        return shaded
