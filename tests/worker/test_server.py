"""The conversation with the worker, over real pipes, with a stub in the place of the model."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import Cancelled, ErrorCode, MMTalkerError
from mmtalker.progress import silent
from mmtalker.version import version
from mmtalker.worker.server import EXIT_BROKEN_FRAME, EXIT_OK, Server
from mmtalker.worker.session import Session
from mmtalker.worker.wire import Frame
from tests.worker.conversation import LIMIT_S, Conversation, tetrahedron, wav_bytes
from tests.worker.stub_backend import FAULTS, NAMES, StubTalker, stub_backend


class BreakablePipe(io.FileIO):
    """The worker's end of a pipe whose reader can be made to vanish."""

    broken = False

    def write(self, data):
        if self.broken:
            raise BrokenPipeError
        return super().write(data)


class Worker:
    """A server in a thread, and the client's end of its pipes."""

    def __init__(self) -> None:
        self.talker = StubTalker()
        self.devices: list[str] = []
        self.status: int | None = None
        to_worker, to_client = os.pipe(), os.pipe()
        self.client = Conversation(
            os.fdopen(to_worker[1], "wb", buffering=0), os.fdopen(to_client[0], "rb", buffering=0)
        )
        self.answers = BreakablePipe(to_client[1], "wb")
        self._requests = os.fdopen(to_worker[0], "rb", buffering=0)
        self._server = Server(self._requests, self.answers, self._load)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _load(self, device: str):
        self.devices.append(device)
        if device == "cuda":
            raise MMTalkerError(ErrorCode.DEVICE_UNAVAILABLE, "There is no NVIDIA card. Choose the CPU.")
        return stub_backend(self.talker)

    def _serve(self) -> None:
        self.status = self._server.serve()
        self.answers.close()

    def wait(self) -> int | None:
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        return self.status

    def end(self) -> None:
        self.talker.go_on.set()
        self.client.requests.close()
        self.wait()
        self._requests.close()
        self.client.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.end()


def code_of(frame) -> str:
    assert frame.type == "error"
    assert frame.fields["message"].endswith((".", ")"))
    return frame.fields["code"]


def test_hello_names_both_versions_and_the_device(worker):
    hello = worker.client.greet(device="cpu")

    assert hello.type == "hello"
    assert hello.fields["protocol"] == 1
    assert hello.fields["version"] == version()
    assert hello.fields["device"] == hello.fields["device_name"] == "cpu"
    assert hello.fields["weights"] == "stub-1"
    assert {"python", "torch"} <= hello.fields.keys()
    assert worker.devices == ["cpu"]


def test_another_protocol_is_refused_before_anything_is_loaded(worker):
    assert code_of(worker.client.greet(protocol=2)) == "protocol_mismatch"
    assert worker.devices == []


def test_a_device_that_is_not_there_can_be_answered_by_another_hello(worker):
    assert code_of(worker.client.greet(device="cuda")) == "device_unavailable"
    assert worker.client.greet(device="cpu").type == "hello"


def test_hello_answers_without_weights_and_says_so():
    class Bare(StubTalker):
        @property
        def fingerprint(self):
            raise MMTalkerError(ErrorCode.WEIGHTS_MISSING, "There are no weights.")

        @fingerprint.setter
        def fingerprint(self, value): ...

    worker = Worker()
    worker.talker = Bare()
    assert worker.client.greet().fields["weights"] is None
    assert code_of(worker.client.ask("head", tetrahedron(), name="Tetra")) == "weights_missing"
    worker.end()


@pytest.mark.parametrize("kind", ["head", "map", "audio", "generate"])
def test_nothing_is_done_before_hello(worker, kind):
    assert code_of(worker.client.ask(kind)) == "bad_request"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("dance", {}),
        ("head", {}),
        ("audio", {}),
        ("audio", {"path": 7}),
        ("audio", {"path": "x.wav", "start": "soon"}),
        ("audio", {"path": "x.wav", "start": 10**400}),
        ("generate", {"head": "none", "audio": "none"}),
        ("cancel", {"target": "all"}),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(worker, kind, fields):
    worker.client.greet()
    assert code_of(worker.client.ask(kind, **fields)) == "bad_request"


@pytest.mark.parametrize(
    "fault",
    [
        {"fps": 0},
        {"fps": None},
        {"frames": 0},
        {"frames": 1.5},
        {"frames": 10**30},
        {"frames": None, "start_time": -1e12},
        {"fps": 1e300},
        {"options": 3},
    ],
)
def test_a_generate_with_an_impossible_field_is_refused(worker, fault):
    assert code_of(worker.client.ask("generate", **worker.client.prepare() | fault)) == "bad_request"


def test_head_arrays_of_the_wrong_kind_are_refused(worker):
    worker.client.greet()
    wrong = tetrahedron() | {"vertices": np.zeros((4, 2), "<f4")}
    assert code_of(worker.client.ask("head", wrong, name="Flat")) == "bad_request"


def test_head_is_described_and_known_the_second_time(worker):
    worker.client.greet()
    first = worker.client.ask("head", tetrahedron(), name="Tetra")
    second = worker.client.ask("head", tetrahedron(), name="Renamed")
    other = worker.client.ask("head", tetrahedron(2.0), name="Tetra")

    assert first.fields["topology"] == "stub"
    assert first.fields["confidence"] == pytest.approx(0.75)
    assert first.fields["parts"] == {"skin": 3, "tongue": 1}
    assert first.fields["warnings"] == ["the neck is open"]
    assert not first.fields["cached"] and second.fields["cached"]
    assert second.fields["head"] == first.fields["head"] != other.fields["head"]
    assert worker.talker.prepared == ["map", "head", "map", "head"]


def test_map_says_where_everything_is(worker):
    worker.client.greet()
    answer = worker.client.ask("map", tetrahedron(), name="Tetra")

    assert answer.type == "map"
    assert (answer.fields["topology"], answer.fields["confidence"]) == ("stub", 0.75)
    assert answer.fields["regions"]["mouth"] == 0.5
    assert answer.fields["mouth"] == "fused"
    assert answer.fields["points"] == {"chin": [0.0, 0.0, 0.0]}
    assert answer.fields["warnings"] == ["the neck is open"]
    kinds = {name: (array.dtype.str, array.shape) for name, array in answer.arrays.items()}
    assert kinds == {
        "uv": ("<f4", (4, 2)),
        "role": ("|u1", (4,)),
        "region": ("|u1", (4,)),
        "lip_line": ("<f4", (0, 3)),
    }


@pytest.mark.parametrize("kind", ["map", "head"])
def test_moved_landmarks_and_names_of_parts_reach_the_mapping(worker, kind):
    worker.client.greet()
    arrays = tetrahedron() | {"part": np.array([0, 0, 1, 1], "<i4")}
    answer = worker.client.ask(
        kind, arrays, corrections={"chin": [1, 2.5, 3]}, part_names=["Anna", "Anna: teeth"]
    )
    if kind == "map":
        assert answer.fields["points"] == {"chin": [1.0, 2.5, 3.0]}
    assert answer.type == kind
    (hints,) = worker.talker.hints
    assert hints.names == ("Anna", "Anna: teeth")
    assert hints.face.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "given",
    [
        {"corrections": {"chin": [1.0, 2.0]}},
        {"corrections": {"chin": [1.0, 2.0, "3"]}},
        {"corrections": {"chin": [1.0, 2.0, 10**400]}},
        {"corrections": [1.0, 2.0, 3.0]},
        {"part_names": "Anna"},
        {"part_names": [1]},
        {"part_names": ["Anna"]},  # its polygons are in 'part', which is absent
    ],
)
def test_what_the_animator_said_is_refused_where_it_cannot_be_meant(worker, given):
    worker.client.greet()
    assert code_of(worker.client.ask("map", tetrahedron(), **given)) == "bad_request"
    assert worker.talker.prepared == []


@pytest.mark.parametrize("part", [[0, 0, 0], [0, 0, 0, 2], [0, 0, 0, -1]])
def test_parts_that_do_not_fit_the_polygons_are_refused(worker, part):
    worker.client.greet()
    arrays = tetrahedron() | {"part": np.array(part, "<i4")}
    assert code_of(worker.client.ask("map", arrays, part_names=["Anna", "Teeth"])) == "bad_request"


def test_audio_comes_as_a_file_or_as_bytes_and_is_the_same(worker, tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(wav_bytes(0.5))
    worker.client.greet()
    from_file = worker.client.ask("audio", path=str(path), start=0.0, duration=None)
    from_bytes = worker.client.ask("audio", {"bytes": np.frombuffer(wav_bytes(0.5), "|u1")}, name="t.wav")
    a_part = worker.client.ask("audio", path=str(path), start=0.1, duration=0.2)

    assert from_file.fields["seconds"] == pytest.approx(0.5)
    assert from_bytes.fields["audio"] == from_file.fields["audio"] != a_part.fields["audio"]
    assert from_bytes.fields["cached"] and not a_part.fields["cached"]
    assert a_part.fields["seconds"] == pytest.approx(0.2)


def test_decoding_tells_how_far_it_is_and_can_be_cancelled(tmp_path):
    (tmp_path / "long.wav").write_bytes(wav_bytes(20.0))
    session = Session(lambda device: stub_backend())
    session.answer(Frame("hello", 1, {"protocol": 1}), silent)
    heard: list[tuple[str, float]] = []
    request = Frame("audio", 2, {"path": str(tmp_path / "long.wav")})

    session.answer(request, lambda stage, fraction: heard.append((stage, fraction)))

    decoding = [fraction for stage, fraction in heard if stage == "audio"]
    assert len(decoding) > 3 and decoding == sorted(decoding)
    assert heard[-1] == ("encoding", pytest.approx(0.525))

    def cancel(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        session.answer(request, cancel)


def test_audio_that_cannot_be_used_is_refused(worker, tmp_path):
    (tmp_path / "text.wav").write_text("this is no sound")
    worker.client.greet()
    assert code_of(worker.client.ask("audio", path=str(tmp_path / "none.wav"))) == "audio_missing"
    assert code_of(worker.client.ask("audio", path=str(tmp_path / "text.wav"))) == "audio_unreadable"


def test_generate_gives_named_curves_and_shapes(worker):
    request = worker.client.prepare() | {"options": {"strength": 2}}
    result = worker.client.ask("generate", **request)

    assert result.type == "result"
    assert tuple(result.fields["names"]) == NAMES
    assert (result.fields["fps"], result.fields["raw_rate"]) == (30.0, 50.0)
    assert result.fields["stats"] == {"fusion": 0.25}
    np.testing.assert_array_equal(result.arrays["curves"], np.full((15, 2), 2.0, np.float32))
    np.testing.assert_array_equal(result.arrays["shapes"][0], tetrahedron()["vertices"])
    assert result.arrays["raw"].shape == (25, 2)


def test_progress_grows_and_stops_before_the_answer(worker):
    worker.client.greet()
    number = worker.client.send("head", tetrahedron(), name="Tetra")
    worker.client.answer(number)
    worker.client.ask("ping")

    kinds = [frame.type for frame in worker.client.seen if frame.id == number]
    fractions = [f.fields["fraction"] for f in worker.client.seen if f.id == number and f.type == "progress"]
    assert kinds[0] == "progress" and kinds[-1] == "head" and kinds.count("head") == 1
    assert fractions == sorted(fractions) and all(0.0 <= f <= 1.0 for f in fractions)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("memory", "out_of_memory"),
        ("cuda memory", "out_of_memory"),
        ("driver memory", "out_of_memory"),
        ("cpu memory", "out_of_memory"),
        ("disk", "disk_full"),
        ("weights", "weights_missing"),
        ("mesh", "bad_mesh"),
        ("bug", "internal"),
        ("library", "internal"),
        ("nan", "internal"),
    ],
)
def test_a_job_that_fails_is_an_error_frame_and_the_worker_lives_on(worker, fault, code):
    request = worker.client.prepare()
    assert code_of(worker.client.ask("generate", **request | {"options": {"behaviour": fault}})) == code
    assert worker.client.ask("generate", **request).type == "result"


def test_every_fault_of_the_stub_is_tested():
    memory = {"memory", "cuda memory", "driver memory", "cpu memory"}
    assert set(FAULTS) == memory | {"disk", "weights", "mesh", "bug", "library"}


def test_ping_is_answered_in_the_middle_of_a_job(worker):
    job = worker.client.send("generate", **worker.client.prepare() | {"options": {"behaviour": "deaf"}})
    assert worker.talker.started.wait(LIMIT_S)

    assert worker.client.ask("ping").type == "pong"

    assert not any(frame.id == job and frame.type == "result" for frame in worker.client.seen)
    worker.talker.go_on.set()
    assert worker.client.answer(job).type == "result"


def test_a_running_job_is_cancelled(worker):
    request = worker.client.prepare()
    job = worker.client.send("generate", **request | {"options": {"behaviour": "wait"}})
    assert worker.talker.started.wait(LIMIT_S)

    cancelled = worker.client.ask("cancel", target=job)

    assert cancelled.type == "cancelled"
    assert cancelled.fields == {"target": job, "was_running": True}
    assert code_of(worker.client.answer(job)) == "cancelled"
    assert worker.client.ask("generate", **request).type == "result"


def test_a_job_that_does_not_look_still_ends_as_cancelled(worker):
    job = worker.client.send("generate", **worker.client.prepare() | {"options": {"behaviour": "deaf"}})
    assert worker.talker.started.wait(LIMIT_S)
    assert worker.client.ask("cancel", target=job).fields["was_running"]

    worker.talker.go_on.set()

    assert code_of(worker.client.answer(job)) == "cancelled"


def test_a_waiting_job_is_cancelled_and_the_running_one_is_not(worker):
    request = worker.client.prepare()
    running = worker.client.send("generate", **request | {"options": {"behaviour": "wait"}})
    waiting = worker.client.send("generate", **request)
    assert worker.talker.started.wait(LIMIT_S)

    assert worker.client.ask("cancel", target=waiting).fields["was_running"] is False
    assert code_of(worker.client.answer(waiting)) == "cancelled"

    worker.talker.go_on.set()
    assert worker.client.answer(running).type == "result"
    assert not any(frame.id == waiting and frame.type == "result" for frame in worker.client.seen)


def test_cancelling_what_is_over_answers_too(worker):
    result = worker.client.ask("generate", **worker.client.prepare())
    assert worker.client.ask("cancel", target=result.id).fields == {"target": result.id, "was_running": False}


def test_shutdown_says_bye(worker):
    assert worker.client.ask("shutdown").type == "bye"
    assert worker.wait() == EXIT_OK


def test_the_end_of_input_ends_an_idle_worker(worker):
    worker.client.greet()
    worker.client.requests.close()
    assert worker.wait() == EXIT_OK


def test_the_end_of_input_stops_a_running_job(worker):
    worker.client.send("generate", **worker.client.prepare() | {"options": {"behaviour": "wait"}})
    assert worker.talker.started.wait(LIMIT_S)
    worker.client.requests.close()
    assert worker.wait() == EXIT_OK
    assert worker.talker.was_cancelled.is_set()


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n", b"MMT1\xff\xff\xff\xff", b"MMT1\x02\x00\x00\x00{}"]
)
def test_a_broken_frame_ends_the_conversation(worker, garbage):
    worker.client.greet()
    worker.client.requests.write(garbage)
    assert worker.wait() == EXIT_BROKEN_FRAME


def test_a_client_that_stops_listening_stops_the_job(worker):
    worker.client.send("generate", **worker.client.prepare() | {"options": {"behaviour": "wait"}})
    assert worker.talker.started.wait(LIMIT_S)
    worker.answers.broken = True
    assert worker.wait() == EXIT_OK
    assert worker.talker.was_cancelled.is_set()


def test_prepared_heads_outlive_the_worker_on_disk(tmp_path: Path):
    answers = []
    for _ in range(2):
        worker = Worker()
        worker.client.greet(cache_dir=str(tmp_path))
        answers.append(worker.client.ask("head", tetrahedron(), name="Tetra"))
        worker.end()
    assert [answer.fields["cached"] for answer in answers] == [False, True]
    assert answers[0].fields["head"] == answers[1].fields["head"]
