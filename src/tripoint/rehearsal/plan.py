"""What is asked of a rehearsal and what came of it: how many trades, from which seed, on which days, how many go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from tripoint.kernel.refusals import Malformed

Progress = Callable[[str, int, int], None]
"""Told as work goes on: the step (trades, messages), how many are done, how many there are."""

PAPERS_MAX = 100
"""Papers a message may hold (ceb.md §2)."""


class Signed(StrEnum):
    """How messages are signed; RSA is 2048 bits with SHA-1, as the wire wants it."""

    RSA = "rsa"
    SM2 = "sm2"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A rehearsal: lists are declared on the `days` from `first_day` on; `anomalies` is a share of 0 to 1.

    `per_message` is the most papers a message gets. The same plan gives the same papers, but for keys and signatures.
    """

    trades: int
    first_day: date
    days: int = 7
    seed: int = 1
    signed: Signed = Signed.RSA
    anomalies: float = 0.0
    per_message: int = PAPERS_MAX

    def __post_init__(self) -> None:
        within = (
            self.trades >= 0
            and self.days >= 1
            and 0 <= self.anomalies <= 1
            and 1 <= self.per_message <= PAPERS_MAX
            and self.first_day >= _LAW_BEGINS
        )
        if not within:
            raise Malformed(
                "REHEARSAL-PLAN",
                "参数超出范围：交易数不小于 0，天数不小于 1，异常率 0 至 1，每报文 1 至 100 份，首日不早于 2019-04-01",
                "out of range: trades from 0, days from 1, anomalies 0 to 1, 1 to 100 papers a message, "
                "first day from 2019-04-01",
            )

    @property
    def last_day(self) -> date:
        """The last day lists are declared on."""
        return self.first_day + timedelta(days=self.days - 1)


_LAW_BEGINS = date(2019, 4, 1)
"""The first day of the VAT rates that the seed of rates holds (海关总署公告2019年第39号)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was written: counts of trades, papers by type, messages, expected outcomes and anomalies by name."""

    out: Path
    trades: int
    papers: dict[str, int]
    messages: int
    outcomes: dict[str, int]
    anomalies: dict[str, int]
