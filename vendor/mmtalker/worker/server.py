"""The worker's conversation: frames in, one job at a time, frames out (docs/protocol.md)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from mmtalker.errors import Cancelled, ErrorCode, MMTalkerError
from mmtalker.progress import Progress, silent
from mmtalker.worker import fields
from mmtalker.worker.backend import BackendFactory
from mmtalker.worker.failures import as_failure
from mmtalker.worker.jobs import Found, Job, JobQueue
from mmtalker.worker.reporting import Pace, ProgressReporter
from mmtalker.worker.session import Answer, Session
from mmtalker.worker.wire import Frame, WireError, encode_frame, read_frame, write_parts

EXIT_OK = 0
EXIT_FAULT = 1
EXIT_BROKEN_FRAME = 2

_LONG_JOBS = {"hello", "head", "map", "audio", "generate"}

_log = logging.getLogger(__name__)


class _ClientGone(Exception):
    """Nobody reads the answers any more."""


class Server:
    """Serves one client over two streams.

    A thread reads requests and answers ``ping`` and ``cancel`` at once; every other request waits for the
    thread that called :meth:`serve`. The end of input means that the client is gone: what waits is dropped
    and what runs is asked to stop.

    Args:
        requests: binary stream to read frames from; raw, so that no lock of it is held at the exit.
        answers: binary stream to write frames to.
        load: makes the backend at ``hello``.
        pace: how often progress is sent.
        on_end: called by the reading thread when no further request will come.
    """

    def __init__(
        self,
        requests: IO[bytes],
        answers: IO[bytes],
        load: BackendFactory,
        pace: Pace | None = None,
        on_end: Callable[[int], None] | None = None,
    ) -> None:
        self._requests = requests
        self._answers = answers
        self._pace = pace
        self._on_end = on_end
        self._session = Session(load)
        self._queue = JobQueue()
        self._writing = threading.Lock()
        self._status = EXIT_OK

    def serve(self) -> int:
        """Answer requests until ``shutdown`` or the end of input; return the status to exit with.

        0 is an orderly end, also when the client has vanished; 1 is a fault of ours; 2 is a broken frame.
        """
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        try:
            while (job := self._queue.take()) is not None:
                if self._run(job) == "bye":
                    break
        except _ClientGone:
            _log.warning("the client closed its end of the pipe")
        return self._status

    def close(self) -> None:
        """End the conversation from this side: what waits is dropped and what runs is asked to stop."""
        self._queue.close()
        if self._on_end is not None:
            self._on_end(self._status)

    def _read(self) -> None:
        """Take requests until there are none: the body of the reading thread."""
        try:
            while (request := read_frame(self._requests)) is not None:
                self._take(request)
        except WireError as error:
            _log.error("a broken frame ends the conversation: %s", error)
            self._status = EXIT_BROKEN_FRAME
        except (_ClientGone, OSError, ValueError) as error:  # ValueError: the stream was closed under us
            _log.warning("the requests end: %r", error)
        except Exception:  # a worker that has gone deaf must not stay
            _log.exception("reading requests failed")
            self._status = EXIT_FAULT
        self.close()

    def _take(self, request: Frame) -> None:
        if request.type == "ping":
            self._send(request.id, Answer("pong"))
        elif request.type == "cancel":
            self._cancel(request)
        else:
            self._queue.put(request)

    def _cancel(self, request: Frame) -> None:
        try:
            target = fields.whole(request, "target")
        except MMTalkerError as error:
            self._send_error(request.id, error)
            return
        found = self._queue.cancel(target)
        self._send(request.id, Answer("cancelled", {"target": target, "was_running": found is Found.RUNNING}))
        if found is Found.WAITING:
            self._send_error(target, Cancelled())

    def _run(self, job: Job) -> str:
        """Do a job and answer it; return the type of the answer."""
        request = job.request
        try:
            answer = self._answer(job)
            if not self._queue.finish(job):
                raise Cancelled
            self._send(request.id, answer)
            return answer.type
        except _ClientGone:
            raise
        except Exception as error:  # an error never ends the worker
            self._queue.finish(job)
            failure = as_failure(error)
            if failure.code is ErrorCode.INTERNAL:
                _log.exception("request %d (%s) failed", request.id, request.type)
            else:
                _log.info("request %d (%s): %s: %s", request.id, request.type, failure.code, failure)
            self._send_error(request.id, failure)
            return "error"

    def _answer(self, job: Job) -> Answer:
        if job.request.type not in _LONG_JOBS:
            return self._session.answer(job.request, silent)
        with ProgressReporter(self._report_to(job), job.cancelled, self._pace) as progress:
            return self._session.answer(job.request, progress)

    def _report_to(self, job: Job) -> Progress:
        def send(stage: str, fraction: float) -> None:
            with suppress(_ClientGone):  # the queue is closed by then, which cancels the job
                self._send(job.request.id, Answer("progress", {"stage": stage, "fraction": fraction}))

        return send

    def _send_error(self, number: int, error: MMTalkerError) -> None:
        self._send(number, Answer("error", {"code": str(error.code), "message": error.message}))

    def _send(self, number: int, answer: Answer) -> None:
        """Write a frame; from any thread."""
        parts = encode_frame({"type": answer.type, "id": number, **answer.fields}, answer.arrays)
        try:
            with self._writing:
                write_parts(self._answers, parts)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self._queue.close()
            raise _ClientGone from error
