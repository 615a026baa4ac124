"""Generate from start to end, and every way in which it can end early."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from mmtalker_addon.engine.client import WorkerClient
from mmtalker_addon.engine.job import GenerateJob, frames_to_end
from mmtalker_addon.engine.status import JobState, JobStatus, run_to_end
from tests.engine.workers import LIMIT_S, command, head_request, request, wait_for_answer, wait_until

Make = Callable[..., WorkerClient]


def run(client: WorkerClient, **changes) -> tuple[GenerateJob, list[JobStatus]]:
    job, seen = GenerateJob(client, request(**changes)), []
    run_to_end(job, report=seen.append)
    return job, seen


def test_a_head_and_audio_become_named_curves_and_shapes(make_client: Make) -> None:
    job, seen = run(make_client("good"))
    result = job.result
    assert result is not None and job.error is None
    assert result.names == ("jawOpen", "mouthClose")
    assert result.curves.shape == (30, 2)
    assert result.shapes.shape == (2, 4, 3)
    assert result.raw_rate == 50.0
    np.testing.assert_allclose(result.curves[15], [1.0, 0.0], atol=1e-6)  # half a second into a 1 Hz cosine
    np.testing.assert_allclose(result.shapes[0], [[0, 0, -0.1]] * 4, rtol=1e-6)
    assert result.topology == "fake" and result.confidence == 0.75
    assert result.warnings == ("A warning of the head.", "And one more.")
    assert seen[-1] == JobStatus(JobState.DONE, "generate", 1.0, "Done")


def test_progress_never_falls_and_passes_every_stage(make_client: Make) -> None:
    _, seen = run(make_client("good"))
    fractions = [status.fraction for status in seen]
    assert fractions == sorted(fractions)
    assert {"hello", "head", "audio", "generate"} <= {status.stage for status in seen}


def test_a_greeted_worker_serves_the_next_job_too(make_client: Make) -> None:
    client = make_client("good", device="cpu")
    run(client)
    assert client.greeting is not None
    pid = client.greeting["pid"]
    assert client.greeting["asked"] == {
        "protocol": 1,
        "client": "mmtalker_addon",
        "cache_dir": None,
        "device": "cpu",
    }
    job, _ = run(client)
    assert job.result is not None
    assert client.greeting["pid"] == pid


def test_without_a_number_of_frames_they_reach_the_end_of_the_audio(make_client: Make) -> None:
    job, _ = run(make_client("good"), frames=None, fps=24.0, start_time=-0.5)
    assert job.result is not None
    assert len(job.result.curves) == 61  # the fake audio has 2 s: 2.5 s * 24 + 1


@pytest.mark.parametrize(
    ("seconds", "fps", "start", "frames"),
    [
        (2.0, 24.0, 0.0, 49),
        (2.0, 30 / 1.001, 0.0, 61),
        (2.01, 24.0, 0.0, 50),
        (0.1, 25.0, 0.0, 4),
        (0.0, 25.0, 0.0, 1),
    ],
)
def test_frames_to_end(seconds: float, fps: float, start: float, frames: int) -> None:
    assert frames_to_end(seconds, fps, start) == frames
    assert start + (frames - 1) / fps >= seconds - 1e-6


def test_a_packed_sound_travels_as_bytes(make_client: Make) -> None:
    job, _ = run(make_client("good"), audio_path=None, audio_bytes=b"RIFF....")
    assert job.result is not None


def test_a_request_needs_one_sound() -> None:
    with pytest.raises(ValueError, match="audio_path"):
        request(audio_path=None)


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("exit_at_start", "worker_stopped", "exited with code 3"),
        ("exit_in_generate", "worker_stopped", "exited with code 3"),
        ("kill_in_generate", "out_of_memory", "SIGKILL"),
        ("cut_frame", "worker_stopped", "exited with code 5"),
        ("garbage", "worker_broken_frame", "unreadable message"),
        ("huge_header", "worker_broken_frame", "unreadable message"),
        ("close_output", "worker_stopped", "closed its output"),
        ("old_version", "protocol_mismatch", "protocol 0"),
        ("refuses_version", "protocol_mismatch", "Reinstall"),
        ("no_head", "unsupported_head", "no head"),
        ("nan", "worker_bad_result", "1 values that are not numbers"),
        ("wrong_shapes", "worker_bad_result", "2 x 3 x 3 where 2 x 4 x 3"),
        ("twice_named", "worker_bad_result", "not unique"),
        ("no_curves", "worker_bad_result", "'curves' is missing"),
        ("wrong_answer", "worker_bad_result", "'pong'"),
    ],
)
def test_every_failure_is_told_and_the_next_job_works(
    make_client: Make, mode: str, code: str, words: str
) -> None:
    client = make_client(mode)
    job, seen = run(client)
    assert job.error is not None
    assert job.result is None
    assert job.error.code == code
    assert words in job.error.message
    assert seen[-1].state is JobState.FAILED
    assert seen[-1].message == job.error.message
    client.kill()
    client.command = tuple(command("good"))
    again, _ = run(client)
    assert again.result is not None


def test_the_log_of_a_crash_comes_with_the_error(make_client: Make) -> None:
    job, _ = run(make_client("exit_in_generate"))
    assert job.error is not None
    assert job.error.details[-1] == "fake worker: something broke"


def test_the_log_of_a_fault_comes_with_the_error_too(make_client: Make) -> None:
    client = make_client("fault")
    job, _ = run(client)
    assert job.error is not None
    assert (job.error.code, job.error.details[-1]) == ("internal", "fake worker: a trace")
    assert client.running


@pytest.mark.parametrize("mode", ["hang", "deaf"])
def test_a_worker_that_hangs_at_its_start_ends_by_the_start_limit(make_client: Make, mode: str) -> None:
    job, _ = run(make_client(mode, start_limit=0.4))
    assert job.error is not None
    assert job.error.code == "worker_silent"


def test_a_worker_that_hangs_in_its_work_ends_by_the_silence_limit(make_client: Make) -> None:
    job, seen = run(make_client("hang_in_generate", silence_limit=0.4))
    assert job.error is not None
    assert job.error.code == "worker_silent"
    assert seen[-1].stage == "motion"


def test_an_interpreter_that_is_not_there_fails_the_job(tmp_path) -> None:
    client = WorkerClient([str(tmp_path / "python")], tmp_path / "worker.log")
    job, _ = run(client)
    assert job.error is not None
    assert job.error.code == "worker_cannot_start"


def step_until_generating(job: GenerateJob) -> None:
    wait_until(lambda: job.step().stage == "motion")


def end_of(job: GenerateJob) -> JobStatus:
    wait_until(lambda: job.step().ended)
    return job.step()


def test_cancel_ends_a_slow_job_and_keeps_the_worker(make_client: Make) -> None:
    client = make_client("slow")
    job = GenerateJob(client, request())
    step_until_generating(job)
    job.cancel()
    assert job.step().message == "Cancelling"
    status = end_of(job)
    assert status.state is JobState.CANCELLED
    assert (job.result, job.error) == (None, None)
    wait_for_answer(client, client.send("ping"))
    assert client.running


def test_cancel_ends_even_where_the_worker_ignores_it(make_client: Make) -> None:
    client = make_client("hang_in_generate")
    job = GenerateJob(client, request(), cancel_limit=0.3)
    step_until_generating(job)
    job.cancel()
    assert end_of(job).state is JobState.CANCELLED
    assert not client.running


@pytest.mark.parametrize("mode", ["hang", "deaf"])
def test_cancel_ends_before_the_worker_has_said_a_word(make_client: Make, mode: str) -> None:
    job = GenerateJob(make_client(mode), request(), cancel_limit=0.3)
    job.step()
    job.cancel()
    assert end_of(job).state is JobState.CANCELLED


def test_cancel_before_the_first_step_starts_nothing(make_client: Make) -> None:
    client = make_client("good")
    job = GenerateJob(client, request())
    job.cancel()
    assert job.step().state is JobState.CANCELLED
    assert not client.running


def test_cancel_after_the_end_changes_nothing(make_client: Make) -> None:
    job, _ = run(make_client("good"))
    job.cancel()
    assert job.step().state is JobState.DONE


def test_a_worker_that_dies_while_cancelling_is_a_cancel(make_client: Make) -> None:
    client = make_client("slow")
    job = GenerateJob(client, request())
    step_until_generating(job)
    job.cancel()
    client.kill()
    assert end_of(job).state is JobState.CANCELLED


@pytest.mark.parametrize("mode", ["deaf", "slow", "hang_in_generate"])
def test_no_step_waits_for_the_worker(make_client: Make, mode: str) -> None:
    big = np.zeros((4_000_000, 3), dtype=np.float32)
    job = GenerateJob(make_client(mode), request(head=head_request(vertices=big)))
    job.step()  # this one starts the process
    longest = 0.0
    for _ in range(50):
        begin = time.monotonic()
        job.step()
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.01)
    assert longest < LIMIT_S / 4  # no limit has run out, and the slow one would take a minute


def test_an_interrupt_in_background_cancels_and_passes_on(make_client: Make) -> None:
    job = GenerateJob(make_client("slow"), request())

    def interrupt(status: JobStatus) -> None:
        if status.stage == "motion":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_to_end(job, report=interrupt)
    assert job.status.state is JobState.CANCELLED
