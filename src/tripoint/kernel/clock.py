"""What time it is, asked for and never taken: pure floors are handed the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""The zone of every time on the CEB wire, which carries none itself."""


class Clock(Protocol):
    """Whatever can say the present moment."""

    def now(self) -> datetime:
        """The present moment, with its zone."""
        ...


class SystemClock:
    """The computer's clock, in UTC."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move; for tests and replays."""

    def __init__(self, at: datetime) -> None:
        assert at.tzinfo is not None, "a time has its zone"
        self.at = at

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at
