"""All speech of a run: filmed, held out, and unfilmed speech whose motion the network guesses for itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmtalker.data.grid import load_grid
from mmtalker.data.ict import MULTI_PIE, load_ict
from mmtalker.data.motion_fit import fit_activations
from mmtalker.data.phone_speech import load_phone_speech
from mmtalker.io.arrays import write_arrays
from mmtalker.model.heads import Chart, sample_for_inference
from mmtalker.model.inference import fuse
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME
from mmtalker.training.articulation import articulate, closed_pose
from mmtalker.training.config import TrainConfig
from mmtalker.training.head_set import HeadTensors
from mmtalker.training.targets import rest_in_silence
from mmtalker.training.utterances import (
    Unfilmed,
    Utterance,
    cached_encode,
    noise_utterances,
    prepare,
    prepare_unfilmed,
)


@dataclass(frozen=True)
class Speech:
    """All recordings: filmed ones to train on, filmed ones held out, and unfilmed ones."""

    filmed: list[Utterance]
    held_out: list[Utterance]
    unfilmed: list[Unfilmed]


def load_speech(
    data: Path, phones: Path | None, config: TrainConfig, cache: Path, device: torch.device
) -> Speech:
    """Fit GRID's motion and encode all speech."""
    grid = load_grid(data / "grid_s1")
    ict = load_ict(data)
    activations, report = fit_activations(grid, ict.neutral, ict.shapes, MULTI_PIE)
    print(f"motion fit: {report}", flush=True)
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, device, config.model.speech_layers)
    encode = cached_encode(encoder, FeatureCache(cache))
    train, test = prepare(grid, activations, encode, config.variants)
    train += noise_utterances(encode, config.noise_clips)
    clips = load_phone_speech(phones, config.held_out_voices) if phones else []
    return Speech(train, test, prepare_unfilmed(clips, encode, config.unfilmed_variants))


def guess_motion(
    network: MMTalkerNetwork, chart: Chart, head: HeadTensors, speech: Speech
) -> list[Utterance]:
    """Let the network guess the motion of unfilmed speech, and correct the guess by its phones."""
    sampled = sample_for_inference(network, chart, head.surface)
    with torch.no_grad():
        sample_shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()
    targets = np.concatenate([u.target for u in speech.filmed[::8]])
    closed = closed_pose(targets, head.middle_gap())
    guessed = []
    for clip in speech.unfilmed:
        curves = np.clip(fuse(network, sampled, sample_shapes, clip.features)[:, :52], 0.0, 1.0)
        spans = [(phone.start, phone.end, phone.name) for phone in clip.phones]
        motion = rest_in_silence(articulate(curves, clip.phones, clip.times, closed), spans, clip.times)
        guessed.append(Utterance(clip.name, clip.features, motion))
    return guessed


def save_guesses(path: Path, guessed: list[Utterance]) -> None:
    """Keep guessed motion, so that a run which goes on learns from the same."""
    write_arrays(path, {str(row): utterance.target for row, utterance in enumerate(guessed)})


def load_guesses(path: Path, unfilmed: list[Unfilmed]) -> list[Utterance]:
    """Put kept motion to its speech, which is in the same order."""
    with np.load(path, allow_pickle=False) as stored:
        return [Utterance(u.name, u.features, stored[str(row)]) for row, u in enumerate(unfilmed)]


def feature_statistics(utterances: list[Utterance]) -> tuple[Tensor, Tensor]:
    """Return the (L, D) mean and standard deviation over every eighth utterance."""
    chosen = [u.features.astype(np.float32) for u in utterances[::8]]
    frames = torch.from_numpy(np.concatenate(chosen))
    return frames.mean(dim=0), frames.std(dim=0)
