"""Papers back from where they are: from memory, else from the message that brought them."""

from __future__ import annotations

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.platforms.clearance.papers.reading import Mail, read
from tripoint.platforms.clearance.papers.rows import with_key
from tripoint.platforms.clearance.papers.waiting.nursery import SCHEMAS, Nursery
from tripoint.platforms.clearance.records import KIND_OF, TRIO, Arrival


def reread(tx: Transaction, places: pl.DataFrame) -> Mail:
    """The messages that hold papers (message_id), read again; their signatures were judged before."""
    wanted = places["message_id"].unique().sort().to_list()
    return read([Arrival(**row) for row in exchange.contents(tx, wanted)], None)


def recall(tx: Transaction, places: pl.DataFrame, nursery: Nursery) -> dict[str, pl.DataFrame]:
    """The papers at places (store.PLACES) by table, each with the order it stands under, lines too."""
    found, missing = nursery.find(places)
    if missing.height:
        papers = reread(tx, missing).papers
        nursery.keep(missing, papers)
        again, lost = nursery.find(missing)
        assert lost.is_empty(), "a paper that waits is no longer in its message"
        found = {table: pl.concat([frame, again[table]]) for table, frame in found.items()}
    return {table: frame for name in TRIO for table, frame in _standing(name, found, places)}


def _standing(
    name: str, found: dict[str, pl.DataFrame], places: pl.DataFrame
) -> list[tuple[str, pl.DataFrame]]:
    """The papers of one kind and their lines, under the order they stand under."""
    kind = KIND_OF[name]
    mine = places.filter(pl.col("kind") == name).select("message_id", "position", "order_no")
    heads = (
        found[kind.table]
        .drop("order_no")
        .join(mine, on=["message_id", "position"], how="inner", maintain_order="left")
        .select(list(kind.schema))
    )
    if kind.lines is None:
        return [(kind.table, heads)]
    lines = with_key(found[kind.lines], heads, "order_no").select("order_no", *SCHEMAS[kind.lines])
    return [(kind.table, heads), (kind.lines, lines)]
