"""The worker processes of a server: started with it, started again when they die, ended with it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import structlog

WORKER = "tripoint.faces.worker"

PAUSE_SECONDS_MAX = 30.0
"""The longest pause before a worker that keeps dying is started again; pauses double from half a second."""

STEADY_SECONDS = 60.0
"""A worker that ran so long died of something new."""

log = structlog.get_logger("tripoint.api")


@dataclass(frozen=True, slots=True)
class _Worker:
    """A running worker, and since when."""

    process: subprocess.Popen[bytes]
    since: float


class Crew:
    """So many worker processes, each fed by a pipe that ends with us: a worker whose server was killed ends as well."""

    def __init__(self, workers: int) -> None:
        self._wanted = workers
        self._running: dict[int, _Worker] = {}
        self._pauses: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._told: set[int] = set()
        self._ending = threading.Event()

    def run(self) -> None:
        """Keep every worker running until they are told to end."""
        while not self._ending.is_set():
            for number in range(1, self._wanted + 1):
                self._keep(number)
            self._ending.wait(0.2)

    def _keep(self, number: int) -> None:
        """Start worker `number` unless it runs or has to wait."""
        now = time.monotonic()
        running = self._running.get(number)
        if running is not None:
            status = running.process.poll()
            if status is None:
                return
            del self._running[number]
            last = 0.25 if now - running.since > STEADY_SECONDS else self._pauses.get(number, 0.25)
            self._pauses[number] = pause = min(last * 2, PAUSE_SECONDS_MAX)
            self._due[number] = now + pause
            log.warning("worker died", worker=number, status=status, again_in=pause)
        if now >= self._due.get(number, 0.0):
            command = [sys.executable, "-m", WORKER, "--with-stdin"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            self._running[number] = _Worker(process, now)

    def tell(self) -> None:
        """Tell every worker to end its round, and end: once, for at the second time it ends at once."""
        self._ending.set()
        for number, worker in list(self._running.items()):
            if number not in self._told:
                self._told.add(number)
                worker.process.terminate()

    def kill(self) -> None:
        """End every worker at once; what a round has not committed is done again by another."""
        self._ending.set()
        for worker in list(self._running.values()):
            worker.process.kill()

    def end(self, seconds: float) -> None:
        """Wait until every worker has ended; those that have not after so many seconds are killed."""
        self.tell()  # those too that were started while the others were told
        until = time.monotonic() + seconds
        for number, worker in self._running.items():
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker killed", worker=number)
                worker.process.kill()
                worker.process.wait()
            if worker.process.stdin is not None:
                worker.process.stdin.close()
