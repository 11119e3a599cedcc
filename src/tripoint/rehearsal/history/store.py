"""Filling an installation with lists that were settled long ago, part by part, each part in a transaction of its own."""

from __future__ import annotations

from tripoint.database import Statements, Transaction

sql = Statements.load(__package__)

PART = 50_000
"""Lists filled in at once."""

_FILLS = (
    sql.fill_messages,
    sql.fill_lists,
    sql.fill_allowances,
    sql.fill_receipts,
    sql.fill_outbox,
    sql.fill_transfers,
)


def done(tx: Transaction) -> int:
    """How many lists of history there are."""
    return int(tx.value(sql.done))


STEP = 1_000
"""Lists are filled in by whole thousands."""


def weigh(tx: Transaction) -> None:
    """Gather the planner's statistics of the tables that were filled."""
    tx.run(sql.weigh)


def fill(tx: Transaction, most: int) -> int:
    """Fill in the next part, until there are `most` lists (in whole thousands); how many there are then."""
    so_far = done(tx)
    most = -(-most // STEP) * STEP
    last = min(so_far + PART, most) - 1
    if last < so_far:
        return so_far
    tx.run(sql.lazily)
    for statement in _FILLS:
        wanted = {"first": so_far, "last": last}
        tx.run(statement, **wanted | ({"batch": _batch(so_far)} if statement is sql.fill_lists else {}))
    tx.run(sql.count_in, first=so_far, last=last, batch=_batch(so_far))
    return last + 1


def _batch(first: int) -> int:
    """The number of a part: below zero, where no round ever is."""
    return -1 - first // PART
