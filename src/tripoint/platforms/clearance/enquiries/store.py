"""Reading the docket: single lists with everything about them, pages of lists, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.platforms.clearance.answers import desk as answers

sql = Statements.load(__package__)

Row = dict[str, Any]

OUTCOMES = {
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "outcome": pl.String(),
    "waits_for": pl.String(),
    "codes": pl.String(),
    "tax": pl.Int64(),
}
"""What became of a list: its state, what it waits for, every code told (joined by commas), its tax (e5)."""

FAULTS = {"order_no": pl.String(), "codes": pl.String()}


def outcomes(tx: Transaction, after: str, most: int) -> pl.DataFrame:
    """Lists after an order number (shape OUTCOMES), in its order."""
    return tx.frame(sql.outcomes, OUTCOMES, after=after, most=most)


def faults_by_order(tx: Transaction, after: str, most: int) -> pl.DataFrame:
    """Codes told about papers by themselves, by order number (shape FAULTS)."""
    return tx.frame(sql.faults_by_order, FAULTS, after=after, most=most)


def find_by_number(tx: Transaction, number: str, owner_code: str | None) -> Sequence[Row]:
    """order_no, marketplace_code and rank of two lists at most that carry a number, those first that are surest to be meant."""
    return tx.rows(sql.find_by_number, number=number, owner_code=owner_code)


def about(tx: Transaction, order_no: str, marketplace_code: str, sealed: Sequence[Row]) -> dict[str, Any]:
    """Everything kept about one list: list, findings, decisions, lines, answers, arrivals, came_in, faults.

    `sealed` are those of its papers that are no longer in tables of their own, as `arrivals` gives the others.
    """
    key = {"order_no": order_no, "marketplace_code": marketplace_code}
    arrivals = [*tx.rows(sql.arrivals, order_no=order_no), *sealed]
    faults = tx.rows(sql.faults, order_no=order_no)
    numbers = sorted({row["message_id"] for row in (*arrivals, *faults)})
    return {
        "list": tx.one(sql.list, **key),
        "findings": tx.rows(sql.findings, **key),
        "decisions": tx.rows(sql.decisions, **key),
        "lines": tx.rows(sql.assessed_lines, **key),
        "answers": answers.receipts(tx, recipient_code=None, order_no=order_no, most=answers.EVERYTHING),
        "arrivals": arrivals,
        "came_in": tx.rows(sql.came_in, message_ids=numbers),
        "faults": faults,
    }


def lists(
    tx: Transaction,
    *,
    owner_code: str | None,
    state: str | None,
    code: str | None,
    before: tuple[datetime, str, str] | None,
    most: int,
) -> Sequence[Row]:
    """Lists, newest first."""
    at, order_no, marketplace_code = before if before else (None, None, None)
    return tx.rows(
        sql.lists,
        owner_code=owner_code,
        state=state,
        code=code,
        before_at=at,
        before_order=order_no,
        before_marketplace=marketplace_code,
        most=most,
    )


def lists_by_state(tx: Transaction) -> Sequence[Row]:
    """How many lists stand in each state."""
    return tx.rows(sql.states)


def released_twice(tx: Transaction) -> int:
    """How many lists were released more than once."""
    return int(tx.value(sql.released_twice))


def counts(tx: Transaction) -> dict[str, Sequence[Row]]:
    """Counts of states, findings, messages and receipts."""
    return {
        "states": lists_by_state(tx),
        "findings": tx.rows(sql.finding_counts),
        "messages": tx.rows(sql.message_counts),
        "receipts": answers.tallies(tx),
    }
