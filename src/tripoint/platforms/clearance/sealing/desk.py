"""Sealing lists that are settled, and making them live again when a paper arrives that touches them.

Sealing loses nothing: the papers are in their messages, byte for byte, and everything decided is in the row.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from tripoint.database import Transaction
from tripoint.platforms.clearance.papers import store as papers
from tripoint.platforms.clearance.papers.rows import newest, versions, with_key
from tripoint.platforms.clearance.papers.waiting.desk import reread
from tripoint.platforms.clearance.records import KIND_OF, TRIO
from tripoint.platforms.clearance.sealing import rows, store

PAGE = 500
"""Lists made live at once: the messages of their papers are in memory meanwhile."""


def reopen_touched(tx: Transaction) -> None:
    """Make live every sealed list that shares its order, payment or waybill with a paper that arrives (`papers.arrive`)."""
    found = store.touched(tx)
    for start in range(0, found.len(), PAGE):
        _reopen(tx, found[start : start + PAGE])


def _reopen(tx: Transaction, order_nos: pl.Series) -> None:
    """Make the sealed lists of some orders live: their papers from their messages, the rest from their rows."""
    places = rows.places(store.papers_of(tx, order_nos))
    mail = reread(tx, places)
    taken = rows.taken_again(mail.arriving, places)
    assert taken.height == places.height, "a paper of a sealed list is no longer in its message"
    for name in TRIO:
        kind = KIND_OF[name]
        mine = places.filter(pl.col("kind") == name)
        heads = rows.taken_again(mail.papers[kind.table], mine)
        lines = mail.papers.get(kind.lines) if kind.lines else None
        papers.append(tx, kind, heads, None if lines is None else with_key(lines, heads, "order_no"))
    # Older installations may have sealed a set one of whose papers stood under another order already.
    papers.put_versions(tx, versions(newest(taken)))
    store.reopen(tx)


def arrivals(tx: Transaction, order_no: str) -> list[dict[str, Any]]:
    """The papers of an order without rows of their own, sealed or waiting, as they were taken.

    Each has kind, issuer_code, number, marketplace_code, message_id, position, app_type, app_time and guid.
    """
    sealed = pl.DataFrame(
        store.papers_of_one(tx, order_no), schema={"order_no": pl.String(), "papers": pl.String()}
    )
    waiting = papers.waiting_papers_of(tx, [order_no]).rename({"order_no": "sealed_order_no"})
    places = pl.concat([rows.places(sealed), waiting])
    if places.is_empty():
        return []
    taken = rows.taken_again(reread(tx, places).arriving, places)
    names = (
        *("kind", "issuer_code", "number", "marketplace_code"),
        *("message_id", "position", "app_type", "app_time", "guid"),
    )
    return taken.sort("message_id", "position").select_seq(names).to_dicts()
