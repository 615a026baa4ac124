"""A worker that misbehaves on demand: ``python fake_worker.py MODE``; the modes are in ``MODES``.

It speaks the real protocol with the real codec, needs no model, and gives a small result that its request
decides alone. Its first line of log is ``fake worker: MODE``.
"""

from __future__ import annotations

import importlib.util
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

MODES = {
    "good": "answers everything; names ARKit's jawOpen and mouthClose",
    "exit_at_start": "exits with code 3 before it says a word",
    "exit_in_generate": "exits with code 3 in the middle of generate",
    "kill_in_generate": "ends itself by SIGKILL in the middle of generate",
    "cut_frame": "exits in the middle of writing the result",
    "slow_start": "takes a second until it answers hello, as a first import of torch takes minutes",
    "hang": "reads hello and never answers",
    "hang_in_generate": "sends one progress, then nothing; cancel is ignored",
    "deaf": "never reads a byte",
    "garbage": "prints words on standard output",
    "huge_header": "claims a header of 4 GB",
    "huge_array": "claims an array of 2 TB",
    "slow": "works for a minute with progress; can be cancelled",
    "old_version": "says hello with protocol 0",
    "refuses_version": "answers hello by an error",
    "fused": "answers map by a mouth that is one surface, along the demo head's lips",
    "many": "gives 66 channels",
    "parts": "moves what is called Teeth by jawOpen alone, and what is called Hat not at all",
    "slow_map": "works for a minute at map; can be cancelled",
    "wrong_map": "gives places of one vertex too few",
    "no_head": "answers head and map by an error",
    "fault": "answers head by an internal error, and logs it",
    "leaves_child": "exits with code 3 in generate; a child of its own keeps standard output open",
    "no_module": "ends at hello by a traceback, as without torch",
    "no_memory": "ends at hello by a MemoryError",
    "close_output": "closes standard output and lives on",
    "nan": "gives a NaN in the curves",
    "wrong_shapes": "gives shapes of one vertex too few",
    "twice_named": "gives two channels of one name",
    "no_curves": "leaves the curves out",
    "wrong_answer": "answers generate by a pong",
    "ignores_end": "does not end by shutdown nor by the end of input",
}
NAMES = ["jawOpen", "mouthClose"]
MANY = 66


def many(array: Any, last: int) -> Any:
    """Repeat the first two of an array, along the first axis or the last, until there are many."""
    return np.concatenate([array] * (MANY // 2), axis=0 if last else -1)


def load_wire() -> Any:
    path = Path(__file__).resolve().parents[1] / "vendor" / "mmtalker" / "worker" / "wire.py"
    spec = importlib.util.spec_from_file_location("fake_wire", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_wire"] = module
    spec.loader.exec_module(module)
    return module


def demo_lips() -> Any:
    """(P, 3) between the lips of the demo head as Add Demo Head makes it, from its right to its left."""
    path = Path(__file__).resolve().parents[1] / "vendor" / "mmtalker" / "assets" / "canonical_head.npz"
    with np.load(path) as head:
        vertices, pairs = head["vertices"], head["lip_pairs"]
        names, rows = head["landmark_names"].tolist(), head["landmark_vertices"]
    right, left = (vertices[rows[names.index(name)]] for name in ("mouth_right", "mouth_left"))
    x, y, z = np.concatenate([right[None], vertices[pairs].mean(axis=1), left[None]]).T
    return np.stack([x, -z, y], axis=1).astype("<f4")


class FakeWorker:
    """Requests come through a thread, so that a cancel is seen in the middle of a job."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.wire = load_wire()
        self.output = os.fdopen(os.dup(1), "wb", buffering=0)
        self.input = os.fdopen(0, "rb", buffering=0, closefd=False)
        self.requests: queue.Queue[Any] = queue.Queue()
        self.cancelled: set[int] = set()
        self.vertex_count = 0
        self.called: dict[str, Any] = {}

    def send(self, number: int, kind: str, arrays: Any = None, **fields: Any) -> None:
        self.wire.write_frame(self.output, {"type": kind, "id": number, **fields}, arrays)

    def error(self, number: int, code: str, message: str) -> None:
        self.send(number, "error", code=code, message=message)

    def read(self) -> None:
        while (frame := self.wire.read_frame(self.input)) is not None:
            if frame.type == "cancel":
                self.cancelled.add(frame.fields["target"])
                if self.mode != "hang_in_generate":
                    self.send(frame.id, "cancelled", target=frame.fields["target"], was_running=True)
            elif frame.type == "ping":
                self.send(frame.id, "pong")
            else:
                self.requests.put(frame)
        if self.mode != "ignores_end":
            os._exit(0)

    def run(self) -> int:
        if self.mode == "exit_at_start":
            print("fake worker: no model here", file=sys.stderr, flush=True)
            return 3
        if self.mode == "deaf":
            time.sleep(600)
        if self.mode == "garbage":
            self.output.write(b"Loading checkpoint shards: 100%\n")
        if self.mode == "huge_header":
            self.output.write(b"MMT1\xff\xff\xff\xff")
        if self.mode == "huge_array":
            self.send_raw('{"type":"x","id":1,"arrays":[{"name":"a","dtype":"<f4","shape":[500000000000]}]}')
        threading.Thread(target=self.read, daemon=True).start()
        while True:
            frame = self.requests.get()
            if frame.type == "shutdown" and self.mode != "ignores_end":
                self.send(frame.id, "bye")
                return 0
            answer = getattr(self, f"on_{frame.type}", None)
            if answer is not None:
                answer(frame)

    def send_raw(self, header: str) -> None:
        self.output.write(b"MMT1" + len(header).to_bytes(4, "little") + header.encode())

    def on_hello(self, frame: Any) -> None:
        if self.mode == "hang":
            time.sleep(600)
        if self.mode == "no_module":
            sys.stderr.write(
                'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n'
                "ModuleNotFoundError: No module named 'torch'\n\n"
            )
            sys.stderr.flush()
            os._exit(1)
        if self.mode == "no_memory":
            print("Traceback:\nMemoryError", file=sys.stderr, flush=True)
            os._exit(1)
        if self.mode == "slow_start":
            time.sleep(1.0)
        if self.mode == "close_output":
            self.output.close()
            os.close(1)
            time.sleep(600)
        if self.mode == "refuses_version":
            self.error(frame.id, "protocol_mismatch", "Reinstall the extension.")
            return
        self.send(
            frame.id,
            "hello",
            protocol=0 if self.mode == "old_version" else self.wire.PROTOCOL_VERSION,
            version="fake",
            asked=frame.fields,
            pid=os.getpid(),
            python_variables=[key for key in os.environ if key.startswith("PYTHON")],
        )

    def on_head(self, frame: Any) -> None:
        if self.mode == "no_head":
            self.error(frame.id, "unsupported_head", "This is no head. Choose another mesh.")
            return
        if self.mode == "fault":
            print("fake worker: a trace", file=sys.stderr, flush=True)
            self.error(frame.id, "internal", "This should not happen. Try again.")
            return
        self.vertex_count = len(frame.arrays["vertices"])
        if self.mode == "parts":
            self.called = self.rows_by_name(frame)
        self.send(frame.id, "progress", stage="mapping", fraction=0.5)
        warnings = ["A warning of the head."]
        if frame.fields.get("corrections"):
            warnings.append(f"Moved: {sorted(frame.fields['corrections'].items())}.")
        if len(frame.fields.get("part_names", ())) > 1:
            counts = np.bincount(frame.arrays["part"], minlength=len(frame.fields["part_names"]))
            warnings.append(f"Parts: {list(zip(frame.fields['part_names'], counts.tolist(), strict=True))}.")
        self.send(frame.id, "head", head="h1", topology="fake", confidence=0.75, warnings=warnings)

    @staticmethod
    def rows_by_name(frame: Any) -> dict[str, Any]:
        """Which vertices belong to each of the parts."""
        starts, corners = frame.arrays["loop_starts"], frame.arrays["loop_vertices"]
        part = np.repeat(frame.arrays["part"], np.diff(starts))
        names = frame.fields["part_names"]
        return {name: np.unique(corners[part == number]) for number, name in enumerate(names)}

    def on_map(self, frame: Any) -> None:
        """Answer with landmarks on the head's bounding box, Blender's front being the face."""
        if self.mode == "no_head":
            self.error(frame.id, "unsupported_head", "This is no head. Choose another mesh.")
            return
        self.work(frame, 600 if self.mode == "slow_map" else 0)
        if frame.id in self.cancelled:
            self.error(frame.id, "cancelled", "The job was cancelled.")
            return
        vertices = frame.arrays["vertices"]
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        middle, size = (low + high) / 2.0, high - low
        offsets = {
            "nose_tip": (0.0, -0.5, 0.0),
            "chin": (0.0, -0.4, -0.5),
            "mouth_right": (-0.2, -0.4, -0.2),
            "mouth_left": (0.2, -0.4, -0.2),
        }
        found = {name: (middle + size * offset).tolist() for name, offset in offsets.items()}
        points = found | {k: v for k, v in frame.fields.get("corrections", {}).items() if k in found}
        line = [points["mouth_right"], points["mouth_left"]]
        share = (vertices - low) / np.maximum(size, 1e-9)
        region = np.clip((share[:, 2] * 7).astype("|u1"), 0, 6)
        arrays = {
            "uv": share[len(share) and self.mode == "wrong_map" :, [0, 2]].astype("<f4"),
            "role": np.zeros(len(vertices), "|u1"),
            "region": region,
            "lip_line": demo_lips() if self.mode == "fused" else np.array(line, "<f4"),
        }
        self.send(
            frame.id,
            "map",
            arrays,
            topology="fake",
            confidence=0.75,
            regions={"mouth": 0.9, "eye_left": 0.6, "jaw": 0.2},
            mouth="fused" if self.mode == "fused" else "parted",
            points=points,
            warnings=["The neck is open."],
        )

    def on_audio(self, frame: Any) -> None:
        self.send(frame.id, "audio", audio="a1", seconds=2.0, asked=frame.fields)

    def on_generate(self, frame: Any) -> None:
        self.send(frame.id, "progress", stage="motion", fraction=0.25)
        if self.mode == "exit_in_generate":
            print("fake worker: something broke", file=sys.stderr, flush=True)
            os._exit(3)
        if self.mode == "leaves_child":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
            os._exit(3)
        if self.mode == "kill_in_generate":
            os.kill(os.getpid(), signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        if self.mode == "hang_in_generate":
            time.sleep(600)
        if self.mode == "wrong_answer":
            self.send(frame.id, "pong")
            return
        self.work(frame, 600 if self.mode == "slow" else 0)
        if frame.id in self.cancelled:
            self.error(frame.id, "cancelled", "The job was cancelled.")
            return
        if self.mode == "cut_frame":
            self.send_raw('{"type":"result","id":4,"arrays":[{"name":"a","dtype":"<f4","shape":[9]}]}')
            os._exit(5)
        arrays = self.result_arrays(frame)
        names = ["jawOpen", "jawOpen"] if self.mode == "twice_named" else NAMES
        if self.mode == "many":
            names = NAMES + [f"shape{number}" for number in range(MANY - len(NAMES))]
            arrays = {name: many(array, int(name == "shapes")) for name, array in arrays.items()}
        self.send(
            frame.id,
            "result",
            arrays,
            names=names,
            fps=frame.fields["fps"],
            raw_rate=50.0,
            stats={"seconds": 0.5},
            warnings=["And one more."],
        )

    def work(self, frame: Any, steps: int) -> None:
        """Take a tenth of a second for each step, until it is cancelled."""
        for step in range(steps):
            if frame.id in self.cancelled:
                return
            self.send(frame.id, "progress", stage="motion", fraction=step / steps)
            time.sleep(0.1)

    def result_arrays(self, frame: Any) -> dict[str, Any]:
        """Return curves that follow sines of the time, and shapes that move every vertex down."""
        times = frame.fields["start_time"] + np.arange(frame.fields["frames"]) / frame.fields["fps"]
        raw_times = np.arange(100) / 50.0
        vertices = self.vertex_count - (self.mode == "wrong_shapes")
        shapes = np.zeros((2, vertices, 3), dtype="<f4")
        shapes[0, :, 2] = -0.1
        shapes[1, :, 2] = 0.05
        for name, rows in self.called.items():
            shapes["Teeth" in name :, rows] *= "Teeth" not in name and "Hat" not in name
            shapes[:, rows] *= "Hat" not in name
        arrays = {"curves": self.curves(times), "raw": self.curves(raw_times), "shapes": shapes}
        if self.mode == "nan":
            arrays["curves"][1, 0] = np.nan
        if self.mode == "no_curves":
            del arrays["curves"]
        return arrays

    @staticmethod
    def curves(times: Any) -> Any:
        open_ = 0.5 - 0.5 * np.cos(2 * np.pi * times)
        return np.stack([open_, 1.0 - open_], axis=1).astype("<f4")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in MODES:
        sys.exit("usage: fake_worker.py MODE, where MODE is one of " + ", ".join(MODES))
    print(f"fake worker: {sys.argv[1]}", file=sys.stderr, flush=True)
    sys.exit(FakeWorker(sys.argv[1]).run())
