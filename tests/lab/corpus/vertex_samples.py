"""Tiny data sets in exactly the formats of VOCASET, BIWI and Multiface, on a small head of the same build."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.vertex_sets.multiface_names import CAPTURES, SENTENCES

Float32 = NDArray[np.float32]

SECONDS = 1.0
RATE = 22_000


def ball(rings: int, around: int) -> tuple[NDArray[np.float64], list[list[int]]]:
    """A closed ball of radius 1 with both poles."""
    angles = np.pi * np.arange(1, rings) / rings
    turns = 2 * np.pi * np.arange(around) / around
    body = [[np.sin(a) * np.sin(t), np.cos(a), np.sin(a) * np.cos(t)] for a in angles for t in turns]
    points = np.array([*body, [0, 1, 0], [0, -1, 0]])
    top, bottom = len(points) - 2, len(points) - 1
    faces = []
    for row in range(rings - 2):
        for k in range(around):
            a, b = row * around + k, row * around + (k + 1) % around
            faces += [[a, a + around, b + around], [a, b + around, b]]
    last = (rings - 2) * around
    for k in range(around):
        faces += [[top, k, (k + 1) % around], [bottom, last + (k + 1) % around, last + k]]
    return points, faces


def flame_like() -> tuple[Float32, NDArray[np.int32]]:
    """A head with a neck loop and a mouth loop, and two closed eyeballs: the build of FLAME, in metres."""
    points, faces = ball(12, 16)
    points = points * [0.08, 0.12, 0.1]
    middle = points[np.array(faces)].mean(axis=1)
    neck = middle[:, 1] < -0.095
    mouth = (middle[:, 2] > 0.07) & (np.abs(middle[:, 0]) < 0.025) & (np.abs(middle[:, 1] + 0.046) < 0.012)
    skin = np.array(faces)[~neck & ~mouth]
    used, local = np.unique(skin, return_inverse=True)
    parts, triangles, count = [points[used]], [local.reshape(-1, 3)], len(used)
    for side in (0.03, -0.03):
        eye, eye_faces = ball(5, 6)
        parts.append(eye * 0.012 + [side, 0.03, 0.075])
        triangles.append(np.array(eye_faces) + count)
        count += len(eye)
    return np.concatenate(parts).astype(np.float32), np.concatenate(triangles).astype(np.int32)


def lip_rows(template: Float32) -> NDArray[np.int64]:
    """Vertices of the mouth loop's surroundings."""
    x, y, z = template.T / np.ptp(template, axis=0).max() * 0.24
    near = (z > 0.06) & (np.abs(x) < 0.045) & (np.abs(y + 0.046) < 0.03)
    return np.flatnonzero(near)


def person(template: Float32, number: int) -> Float32:
    """Another face of the same topology."""
    return (template * (1.0 + 0.03 * number)).astype(np.float32)


def opening(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the mouth of every sample is open; its recording is as loud."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * 2.0 * times)


def frames(template: Float32, fps: float, count: int | None = None) -> Float32:
    """(T, V, 3): the mouth's surroundings go down as it opens."""
    total = round(SECONDS * fps) if count is None else count
    moved = np.zeros_like(template)
    moved[lip_rows(template), 1] = -0.04 * np.ptp(template[:, 1])
    return (template + opening(np.arange(total) / fps)[:, None, None] * moved).astype(np.float32)


def sound(seconds: float = SECONDS, rate: int = RATE) -> NDArray[np.int16]:
    """A tone as loud as the mouth is open."""
    times = np.arange(round(seconds * rate)) / rate
    return (20_000 * opening(times) * np.sin(2 * np.pi * 200 * times)).astype(np.int16)


def python2_pickle(value: object) -> bytes:
    """What Python 2 wrote for dictionaries, text, whole numbers and arrays: text and bytes are one."""
    return b"\x80\x02" + _python2(value) + b"."


def _python2(value: object) -> bytes:
    match value:
        case dict():
            items = b"".join(_python2(key) + _python2(item) for key, item in value.items())
            return b"}(" + items + b"u"
        case str():
            return _python2(value.encode("latin-1"))
        case bytes():
            return b"T" + len(value).to_bytes(4, "little") + value
        case int():
            return b"J" + value.to_bytes(4, "little", signed=True)
        case np.ndarray():
            kind = b"cnumpy\ndtype\n(" + _python2(value.dtype.str[1:]) + b"K\x00K\x01tR"
            kind += b"(K\x03" + _python2("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
            made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + _python2(b"b") + b"tR"
            shape = b"(" + b"".join(_python2(size) for size in value.shape) + b"t"
            return made + b"(K\x01" + shape + kind + b"\x89" + _python2(value.tobytes()) + b"tb"
    raise TypeError(type(value))


def write_ply(path: Path, vertices: Float32, triangles: NDArray[np.int32], number: str = "float") -> None:
    """A binary ply; ``number`` "double" writes BIWI's kind, with faces of uint16."""
    index = "ushort" if number == "double" else "int"
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n"
        + "".join(f"property {number} {axis}\n" for axis in "xyz")
        + f"element face {len(triangles)}\nproperty list uchar {index} vertex_indices\nend_header\n"
    )
    rows = np.zeros(len(triangles), dtype=[("n", "u1"), ("v", "<u2" if index == "ushort" else "<i4", 3)])
    rows["n"], rows["v"] = 3, triangles
    coordinates = vertices.astype("<f8" if number == "double" else "<f4")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + coordinates.tobytes() + rows.tobytes())


def write_obj(path: Path, vertices: Float32, triangles: NDArray[np.int32]) -> None:
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    lines += ["f " + " ".join(f"{i + 1}/{i + 1}" for i in row) for row in triangles]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_wav(path: Path, seconds: float = SECONDS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound(seconds), RATE)


VOCASET_SUBJECTS = ("FaceTalk_170728_03272_TA", "FaceTalk_170811_03275_TA", "FaceTalk_170809_00138_TA")
"""One of each split."""

VOCASET_SENTENCES = ("sentence01", "sentence22", "sentence23")


def vocaset_templates() -> dict[str, Float32]:
    template, _ = flame_like()
    return {subject: person(template, number) for number, subject in enumerate(VOCASET_SUBJECTS)}


def write_flame_files(folder: Path) -> None:
    """The topology and the masks, which both forms of VOCASET need."""
    template, triangles = flame_like()
    write_ply(folder / "templates" / "FLAME_sample.ply", template, triangles)
    lips = lip_rows(template)
    masks = {
        "lips": np.concatenate([lips, lips[:2]]),  # FLAME's list names some vertices twice
        "eye_region": np.flatnonzero(np.abs(template[:, 1] - 0.03) < 0.02),
        "forehead": np.flatnonzero((template[:, 1] > 0.07) & (template[:, 2] > 0)),
    }
    (folder / "FLAME_masks.pkl").write_bytes(python2_pickle(masks))


def write_delivered_vocaset(folder: Path) -> None:
    """One array for all, frames out of order, one sequence missing, audio longer than the mesh."""
    folder.mkdir(parents=True, exist_ok=True)
    write_flame_files(folder)
    index: dict[str, dict[str, dict[int, int]]] = {}
    audio: dict[str, dict[str, dict[str, object]]] = {}
    rows: list[Float32] = []
    for subject, template in vocaset_templates().items():
        for sentence in VOCASET_SENTENCES:
            if (subject, sentence) == (VOCASET_SUBJECTS[0], "sentence23"):
                continue
            moving = frames(template, 60.0)
            order = np.random.default_rng(len(rows)).permutation(len(moving))
            places = {int(frame): len(rows) + place for place, frame in enumerate(order)}
            index.setdefault(subject, {})[sentence] = places
            audio.setdefault(subject, {})[sentence] = {"audio": sound(1.3), "sample_rate": RATE}
            rows.extend(moving[order])
    np.save(folder / "data_verts.npy", np.stack(rows))
    (folder / "subj_seq_to_idx.pkl").write_bytes(pickle.dumps(index, protocol=2))
    (folder / "raw_audio_fixed.pkl").write_bytes(python2_pickle(audio))
    (folder / "templates.pkl").write_bytes(python2_pickle(vocaset_templates()))


def write_converted_vocaset(folder: Path) -> None:
    """A file for each sequence, at 60 fps; the recordings are shorter than the mesh."""
    write_flame_files(folder)
    for subject, template in vocaset_templates().items():
        for sentence in VOCASET_SENTENCES:
            write_wav(folder / "wav" / f"{subject}_{sentence}.wav", seconds=0.8)
            save_flat(folder / "vertices_npy" / f"{subject}_{sentence}.npy", frames(template, 60.0))
    (folder / "templates.pkl").write_bytes(pickle.dumps(vocaset_templates(), protocol=4))


def save_flat(path: Path, moving: NDArray[np.floating]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, moving.reshape(len(moving), -1))


def write_biwi(folder: Path) -> None:
    """Normalised units, 25 fps, a ply of doubles and uint16, lists with commas."""
    template, triangles = flame_like()
    template = template / np.float32(0.1875)
    write_ply(folder / "templates" / "BIWI.ply", template, triangles, "double")
    templates = {subject: person(template, number) for number, subject in enumerate(("F2", "F1"))}
    (folder / "templates.pkl").write_bytes(pickle.dumps(templates, protocol=2))
    for subject, face in templates.items():
        for sentence in ("e01", "e33", "e37"):
            write_wav(folder / "wav" / f"{subject}_{sentence}.wav")
            moving = frames(face, 25.0).astype(np.float64)
            save_flat(folder / "vertices_npy" / f"{subject}_{sentence}.npy", moving)
    (folder / "regions").mkdir(parents=True)
    lips = ", ".join(str(row) for row in lip_rows(template))
    (folder / "regions" / "lve.txt").write_text(lips, encoding="utf-8")
    (folder / "regions" / "fdd.txt").write_text("0, 1, 2, 3", encoding="utf-8")


DROPPED_FRAME = 12


def write_multiface(folder: Path, captures: Sequence[int] = (1, 2)) -> None:
    """Frames as files in millimetres, from number 100 on and one of them lost; neutral frames; transforms."""
    template, triangles = flame_like()
    template = template * np.float32(1000.0)
    for number in captures:
        capture = folder / CAPTURES[number - 1]
        face = person(template, number)
        neutral = capture / "tracked_mesh" / "E001_Neutral_Eyes_Open"
        _write_frames(neutral, [face], 102)
        write_obj(neutral / "000102.obj", face, triangles)
        for sentence in (1, 41, 46):
            name = SENTENCES[sentence - 1]
            meshes = capture / "tracked_mesh" / name
            _write_frames(meshes, frames(face, 30.0), 100)
            (meshes / f"{100 + DROPPED_FRAME:06d}.bin").unlink()
            write_wav(capture / "audio" / f"{name}.wav")
    weights = np.zeros(len(template))
    weights[lip_rows(template)] = 0.8
    np.savetxt(folder / "weighted_mouth_mask.txt", weights)
    np.savetxt(folder / "weighted_eye_mask.txt", (template[:, 1] > 40).astype(float))


def _write_frames(folder: Path, moving: Sequence[Float32] | Float32, first: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for place, vertices in enumerate(moving):
        (folder / f"{first + place:06d}.bin").write_bytes(np.asarray(vertices, dtype="<f4").tobytes())
        np.savetxt(folder / f"{first + place:06d}_transform.txt", np.eye(3, 4))
