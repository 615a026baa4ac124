"""The client against workers that misbehave: it says what happened, leaves nothing, and can start again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmtalker_addon.engine.client import Failure, Reply, WorkerClient, WorkerLost
from mmtalker_addon.engine.errors import EngineError
from tests.engine.workers import FAKE_WORKER, command, wait_for_answer, wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and permission bits are POSIX")


def hello(client: WorkerClient) -> int:
    client.start()
    return client.send("hello", {"protocol": 1})


def is_gone(pid: int) -> bool:
    """True once the process has ended and been reaped; one that nobody reaped keeps its number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def has_ended(pid: int) -> bool:
    """True once the process has ended, though nobody may have reaped it: in a container that is common."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return is_gone(pid)
    return state == "Z"


def test_a_request_is_answered_under_its_number(make_client) -> None:
    client = make_client("good")
    answer = wait_for_answer(client, hello(client))
    assert isinstance(answer, Reply)
    assert answer.frame.type == "hello"
    assert client.greeting == answer.frame.fields
    second = client.send("ping")
    answer = wait_for_answer(client, second)
    assert isinstance(answer, Reply) and answer.frame.type == "pong"


def test_the_worker_gets_no_python_settings_of_ours(make_client, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONHOME", os.devnull)
    monkeypatch.setenv("PYTHONPATH", os.devnull)
    client = make_client("good")
    wait_for_answer(client, hello(client))
    assert client.greeting is not None
    assert client.greeting["python_variables"] == []


@posix_only
def test_the_worker_has_a_group_of_its_own_so_ctrl_c_passes_it_by(make_client) -> None:
    client = make_client("good")
    wait_for_answer(client, hello(client))
    assert client.pid is not None
    assert os.getpgid(client.pid) != os.getpgrp()


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("exit_at_start", "worker_stopped", "exited with code 3"),
        ("garbage", "worker_broken_frame", "Load"),
        ("huge_header", "worker_broken_frame", "4294967295 bytes"),
        ("huge_array", "worker_broken_frame", "more than"),
        ("close_output", "worker_stopped", "closed its output"),
    ],
)
def test_every_accident_is_one_sentence_and_the_next_start_works(
    make_client, mode: str, code: str, words: str
) -> None:
    client = make_client(mode)
    lost = wait_for_answer(client, hello(client))
    assert isinstance(lost, WorkerLost)
    assert lost.code == code
    assert words in lost.message
    assert str(client.log_path) in lost.message
    assert "\n" not in lost.message
    assert f"fake worker: {mode}" in lost.log_tail
    assert not client.running
    assert client.poll() == []
    client.command = tuple(command("good"))
    assert isinstance(wait_for_answer(client, hello(client)), Reply)


@pytest.mark.parametrize("mode", ["hang", "deaf"])
def test_silence_beyond_the_limit_is_a_loss(make_client, mode: str) -> None:
    client = make_client(mode, start_limit=0.3)
    lost = wait_for_answer(client, hello(client))
    assert isinstance(lost, WorkerLost)
    assert lost.code == "worker_silent"
    assert "0.3 s" in lost.message


def test_a_slow_start_has_a_limit_of_its_own(make_client) -> None:
    """Given a worker that takes longer to greet than any silence allowed later, then it is not given up."""
    client = make_client("slow_start", silence_limit=0.3)
    answer = wait_for_answer(client, hello(client))
    assert isinstance(answer, Reply) and answer.frame.type == "hello"
    assert client.running


def test_the_start_limit_ends_with_the_greeting(make_client) -> None:
    client = make_client("hang_in_generate", silence_limit=0.3)
    wait_for_answer(client, hello(client))
    generate = {"fps": 30.0, "start_time": 0.0, "frames": 1}
    lost = wait_for_answer(client, client.send("generate", generate))
    assert isinstance(lost, WorkerLost) and "0.3 s" in lost.message


def test_a_caller_who_slept_himself_gives_the_worker_its_time_once_more(make_client) -> None:
    client = make_client("deaf", start_limit=0.3)
    number = hello(client)
    assert client.poll() == []
    time.sleep(0.6)
    assert client.poll() == []
    assert isinstance(wait_for_answer(client, number), WorkerLost)


def test_silence_without_an_open_request_is_peace(make_client) -> None:
    client = make_client("good", silence_limit=0.1)
    wait_for_answer(client, hello(client))
    time.sleep(0.3)
    assert client.poll() == []
    assert client.running


@posix_only
def test_a_worker_killed_from_outside_is_named_by_its_signal(make_client) -> None:
    client = make_client("good")
    wait_for_answer(client, hello(client))
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)
    lost = wait_for_answer(client, 0)
    assert isinstance(lost, WorkerLost)
    assert "SIGKILL" in lost.message and "memory" in lost.message


@posix_only
def test_a_child_that_keeps_the_output_open_does_not_hide_the_death(make_client) -> None:
    client = make_client("leaves_child", silence_limit=60.0)
    wait_for_answer(client, hello(client))
    pid, generate = client.pid, {"fps": 30.0, "start_time": 0.0, "frames": 1}
    lost = wait_for_answer(client, client.send("generate", generate))
    assert isinstance(lost, WorkerLost)
    assert lost.code == "worker_stopped" and "exited with code 3" in lost.message
    assert pid is not None
    wait_until(lambda: group_has_ended(pid))
    client.command = tuple(command("good"))
    assert isinstance(wait_for_answer(client, hello(client)), Reply)


def group_has_ended(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    # Nobody may reap an orphan in a container.
    stats = [path.read_text(encoding="utf-8") for path in Path("/proc").glob("[0-9]*/stat")]
    members = [stat.rpartition(")")[2].split() for stat in stats]
    return all(words[0] == "Z" for words in members if words[2] == str(group))


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("exit_at_start", "worker_stopped", "exited with code 3: fake worker: no model here"),
        ("no_module", "worker_stopped", "exited with code 1: ModuleNotFoundError: No module named 'torch'"),
        ("no_memory", "out_of_memory", "memory ran out. Close other programs"),
    ],
)
def test_the_sentence_has_the_error_that_the_worker_ended_by(
    make_client, mode: str, code: str, words: str
) -> None:
    client = make_client(mode)
    lost = wait_for_answer(client, hello(client))
    assert isinstance(lost, WorkerLost)
    assert lost.code == code
    assert words in lost.message


@posix_only
def test_the_log_of_a_worker_that_said_nothing_tells_of_its_start_and_end(
    make_client, tmp_path: Path
) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    silent.chmod(0o755)
    client = make_client("good")
    client.command = (str(silent),)
    lost = wait_for_answer(client, hello(client))
    assert isinstance(lost, WorkerLost) and "exited with code 7" in lost.message
    text = client.log_path.read_text(encoding="utf-8")
    assert str(silent) in text and "exited with code 7" in text


@posix_only
@pytest.mark.parametrize("mode", ["good", "hang", "deaf", "close_output", "ignores_end"])
def test_no_process_stays_after_a_kill(make_client, mode: str) -> None:
    client = make_client(mode)
    hello(client)
    pid = client.pid
    assert pid is not None
    client.kill()
    assert is_gone(pid)
    assert not client.running
    client.kill()


@posix_only
@pytest.mark.parametrize(("mode", "asks"), [("good", True), ("ignores_end", False), ("deaf", False)])
def test_shutdown_asks_first_and_kills_after_its_grace(make_client, mode: str, asks: bool) -> None:
    client = make_client(mode)
    number = hello(client)
    if mode != "deaf":
        wait_for_answer(client, number)
    pid = client.pid
    assert pid is not None
    begin = time.monotonic()
    client.shutdown(grace=20.0 if asks else 0.2)
    assert time.monotonic() - begin < 15.0
    assert is_gone(pid)


def test_sending_more_than_a_pipe_holds_returns_at_once_though_nobody_reads(make_client) -> None:
    client = make_client("deaf")
    client.start()
    begin = time.monotonic()
    client.send("head", {"name": "big"}, {"vertices": np.zeros((10_000_000, 3), dtype="<f4")})
    assert client.poll() == []
    client.kill()
    assert time.monotonic() - begin < 5.0
    assert not client.running


def test_a_large_head_arrives(make_client) -> None:
    client = make_client("good")
    wait_for_answer(client, hello(client))
    arrays = {"vertices": np.zeros((3_000_000, 3), dtype="<f4")}
    answer = wait_for_answer(client, client.send("head", {"name": "big"}, arrays))
    assert isinstance(answer, Reply) and answer.frame.type == "head"


def test_an_error_answer_leaves_the_worker_alive(make_client) -> None:
    client = make_client("no_head")
    wait_for_answer(client, hello(client))
    failure = wait_for_answer(client, client.send("head", {"name": "x"}))
    assert failure == Failure(2, "unsupported_head", "This is no head. Choose another mesh.")
    assert client.running


def test_a_request_too_large_for_the_protocol_is_refused_here(make_client) -> None:
    client = make_client("good")
    client.start()
    with pytest.raises(EngineError, match="cannot be sent"):
        client.send("hello", {"client": "x" * (1 << 20)})
    assert isinstance(wait_for_answer(client, client.send("ping")), Reply)


def test_sending_to_nobody_is_an_error(make_client) -> None:
    with pytest.raises(EngineError, match="not running"):
        make_client("good").send("ping")


def missing(folder: Path) -> Path:
    return folder / "no" / "python"


def a_folder(folder: Path) -> Path:
    return folder


def not_executable(folder: Path) -> Path:
    path = folder / "python"
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o644)
    return path


def no_program(folder: Path) -> Path:
    path = folder / "python"
    path.write_bytes(b"\x00\x01\x02")
    path.chmod(0o755)
    return path


@posix_only
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (missing, "there is no such file"),
        (a_folder, "it is a folder"),
        (not_executable, "it must not be run"),
        (no_program, "Exec format error"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, make, why: str) -> None:
    client = WorkerClient([str(make(tmp_path)), "-I"], tmp_path / "log" / "worker.log")
    with pytest.raises(EngineError, match=why) as caught:
        client.start()
    assert caught.value.code == "worker_cannot_start"
    assert not client.running
    assert client.poll() == []


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    client = WorkerClient(command("good"), tmp_path / "file" / "worker.log")
    with pytest.raises(EngineError, match="cannot write its log"):
        client.start()


def test_each_start_has_a_fresh_log_and_keeps_the_last(make_client) -> None:
    client = make_client("exit_at_start")
    for _ in range(2):
        wait_for_answer(client, hello(client))
    log, before = client.log_path, client.log_path.with_name("worker.log.1")
    assert log.read_text(encoding="utf-8").count("fake worker: exit_at_start") == 1
    assert before.read_text(encoding="utf-8").count("fake worker: exit_at_start") == 1


@posix_only
@pytest.mark.parametrize("end", ["sys.exit(0)", "os._exit(1)"])
def test_no_worker_outlives_its_owner(tmp_path: Path, end: str) -> None:
    """Given a program that owns a worker, when it ends or crashes, then the worker ends too."""
    script = f"""
import os, sys
from pathlib import Path
from mmtalker_addon.engine.client import WorkerClient
client = WorkerClient({command("good")!r}, Path({str(tmp_path / "log")!r}))
client.start()
print(client.pid, flush=True)
{end}
"""
    root = FAKE_WORKER.parents[1]
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    wait_until(lambda: has_ended(int(result.stdout)))
