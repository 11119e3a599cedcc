"""How often a worker looks for messages while nothing waits: often after work, then more seldom."""

from __future__ import annotations

IDLE_SECONDS_MIN = 0.005
IDLE_SECONDS_MAX = 0.05
"""Pauses between two looks."""


class Pace:
    """Pauses that begin short and grow."""

    def __init__(self) -> None:
        self._idle = IDLE_SECONDS_MIN

    def worked(self) -> None:
        """There was work: the next pause is short."""
        self._idle = IDLE_SECONDS_MIN

    def rested(self) -> float:
        """Seconds to wait before looking again."""
        self._idle, now = min(IDLE_SECONDS_MAX, self._idle * 1.5), self._idle
        return now
