"""Papers back from where they are: from memory, else from the message that brought them."""

from __future__ import annotations

import sys

import polars as pl

from tripoint.database import Transaction
from tripoint.documents.columns import TABLES
from tripoint.exchange import store as exchange
from tripoint.platforms.clearance.papers.reading import Mail, read
from tripoint.platforms.clearance.papers.rows import place
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import KIND_OF, TRIO, Arrival

LINES = {
    kind.lines: {"order_no": pl.String()} | TABLES[kind.lines].schema
    for kind in (KIND_OF[name] for name in TRIO)
    if kind.lines
}
"""Lines as they are stored: with the order of their paper."""

NOTHING = {
    **{KIND_OF[name].table: KIND_OF[name].empty for name in TRIO},
    **{table: pl.DataFrame(schema=schema) for table, schema in LINES.items()},
}
"""Each table of papers and lines without rows."""


def reread(tx: Transaction, places: pl.DataFrame) -> Mail:
    """The messages that hold papers (message_id), read again; their signatures were judged before."""
    wanted = places["message_id"].unique().sort().to_list()
    return read([Arrival(**row) for row in exchange.contents(tx, wanted)], None)


def recall(tx: Transaction, places: pl.DataFrame, nursery: Nursery) -> dict[str, pl.DataFrame]:
    """The papers at places (store.PLACES) by table, each with the order it stands under, lines too."""
    recalled = dict(NOTHING)
    missing = []
    for (name,), mine in places.partition_by("kind", as_dict=True, maintain_order=True).items():
        known = nursery.knows(str(name), mine.select_seq(place()).to_series())
        if not known.all():
            missing.append(mine.filter(~known))
        recalled |= _standing(str(name), mine.filter(known), nursery)
    if missing:
        again = pl.concat(missing)
        papers = reread(tx, again).papers
        # Memory may be too full to keep what was read just now; for this round it must be at hand.
        beside = Nursery(bytes_most=sys.maxsize)
        beside.keep(again, papers)
        for mine in missing:
            for table, frame in _standing(mine["kind"][0], mine, beside).items():
                recalled[table] = pl.concat([recalled[table], frame])
        nursery.keep(again, papers)
    return recalled


def _standing(name: str, places: pl.DataFrame, nursery: Nursery) -> dict[str, pl.DataFrame]:
    """The papers of one kind and their lines, under the order they stand under."""
    kind = KIND_OF[name]
    found = nursery.find(name, places.select_seq(place()).to_series())
    orders = places["order_no"]
    frames = {
        kind.table: found.heads.with_columns_seq(orders.alias("order_no")).select_seq(list(kind.schema))
    }
    if kind.lines and found.lines is not None:
        of = orders.gather(found.owners).alias("order_no")
        frames[kind.lines] = found.lines.select_seq(of, pl.all())
    return frames
