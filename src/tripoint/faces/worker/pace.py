"""How much a round takes: little while it is quiet, much while there is a backlog, and never long at a time."""

from __future__ import annotations

MESSAGES_MAX = 5_000
BYTES_MIN = 48 * 1024 * 1024
"""Some five thousand lists. Below it a round's fixed cost (0.2 s of CPU) counts: a worker that took less because it is slow
would be slower still."""

BYTES_MAX = 128 * 1024 * 1024

SECONDS_WANTED = 1.0
"""A full round should last about so long: its fixed cost is small beside it, and whoever waits does not wait for two."""

IDLE_SECONDS_MIN = 0.005
IDLE_SECONDS_MAX = 0.05
"""Pauses between two looks while nothing waits: short after work, then longer."""


class Pace:
    """What the next round may take, from how long the last ones took."""

    def __init__(self) -> None:
        self.bytes = BYTES_MIN
        self.messages = MESSAGES_MAX
        self.idle = IDLE_SECONDS_MIN

    def worked(self, seconds: float, *, is_full: bool) -> None:
        """Take in a round: a full one that was quick lets the next take more, one that was slow less."""
        self.idle = IDLE_SECONDS_MIN
        wished = SECONDS_WANTED / max(seconds, 0.001)
        if wished < 1 or is_full:
            self.bytes = int(min(BYTES_MAX, max(BYTES_MIN, self.bytes * min(2.0, max(0.5, wished)))))

    def rested(self) -> float:
        """Seconds to wait before looking again."""
        self.idle, now = min(IDLE_SECONDS_MAX, self.idle * 1.5), self.idle
        return now
