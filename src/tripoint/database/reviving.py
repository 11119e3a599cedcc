"""An embedded server that has died is started again; one that was stopped is left alone."""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import StrEnum

from tripoint.database.supervisor import Supervisor
from tripoint.kernel.refusals import Refusal

STARTS_MOST = 5
WITHIN_SECONDS = 600.0
"""A server that dies more often than this is left to its operator."""


class Revival(StrEnum):
    """What became of a server that does not answer."""

    NOT_OURS = "not ours"
    RUNS = "runs"
    STARTED = "started again"
    FAILED = "did not start"
    STOPPED = "was stopped"
    GIVEN_UP = "given up"


class Reviver:
    """Starts a server again, at most `STARTS_MOST` times within `WITHIN_SECONDS`; several processes may have one each."""

    def __init__(self, server: Supervisor) -> None:
        self._server = server
        self._tried: deque[float] = deque(maxlen=STARTS_MOST)
        self._lock = threading.Lock()

    def look(self) -> Revival:
        """Start the server if it has died; waits until it takes connections."""
        with self._lock:
            if self._server.status().running:
                return Revival.RUNS
            if not self._server.has_died():
                return Revival.STOPPED
            now = time.monotonic()
            if len(self._tried) == STARTS_MOST and now - self._tried[0] < WITHIN_SECONDS:
                return Revival.GIVEN_UP
            self._tried.append(now)
            try:
                self._server.start()
            except Refusal:
                return Revival.FAILED
            return Revival.STARTED
