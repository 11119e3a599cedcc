"""Processes in the database; the times are the database's, so that the clocks of machines need not agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tripoint.database import Row, Statements, Transaction

_sql = Statements.load(__package__, "store.sql")

FORGOTTEN_AFTER = timedelta(minutes=10)
"""A process that has not been seen for so long is forgotten."""


def seen(tx: Transaction, process: str, kind: str, figures: str) -> None:
    """A process is seen, and says what it counts; those long silent are forgotten."""
    tx.run(_sql.forget_the_silent, after=FORGOTTEN_AFTER)
    tx.run(_sql.seen, process=process, kind=kind, figures=figures)


def leave(tx: Transaction, process: str) -> None:
    """A process ends as it was told to."""
    tx.run(_sql.leave, process=process)


def alive(tx: Transaction, within: timedelta) -> Sequence[Row]:
    """The processes seen within a time: process, kind, seconds since, figures."""
    return tx.rows(_sql.alive, within=within)
