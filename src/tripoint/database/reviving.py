"""An embedded server that has died is started again; one that was stopped is left alone."""

from __future__ import annotations

import threading
import time
from enum import StrEnum

from tripoint.database.supervisor import Supervisor
from tripoint.kernel.refusals import Refusal

PAUSE_SECONDS_MAX = 60.0
"""A server that keeps dying is started at most so often; pauses double from one second."""

CALM_SECONDS = 600.0
"""A server that has lived so long begins again with short pauses."""


class Revival(StrEnum):
    """What became of a server that does not answer."""

    NOT_OURS = "not ours"
    RUNS = "runs"
    STARTED = "started again"
    FAILED = "did not start"
    STOPPED = "was stopped"
    LATER = "is started again later"


class Reviver:
    """Starts a server again, ever more seldom while it keeps dying; several processes may have one each."""

    def __init__(self, server: Supervisor) -> None:
        self._server = server
        self._pause = 0.5
        self._not_before = 0.0
        self._lock = threading.Lock()

    def look(self) -> Revival:
        """Start the server if it has died; waits until it takes connections."""
        with self._lock:
            if self._server.status().running:
                return Revival.RUNS
            if not self._server.has_died():
                return Revival.STOPPED
            if time.monotonic() < self._not_before:
                return Revival.LATER
            is_calm = time.monotonic() - self._not_before > CALM_SECONDS
            self._pause = 1.0 if is_calm else min(PAUSE_SECONDS_MAX, self._pause * 2)
            try:
                self._server.start()
            except Refusal:
                return Revival.FAILED
            finally:
                self._not_before = time.monotonic() + self._pause
            return Revival.STARTED
