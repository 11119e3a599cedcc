"""What a rush asks the database beside its work: who is connected, what it takes on disk, what became of its lists."""

from __future__ import annotations

import polars as pl

from tripoint.database import Statements, Transaction

sql = Statements.load(__package__)

FATES = {
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "outcome": pl.String(),
    "waits_for": pl.String(),
    "tax": pl.Int64(),
    "decided_at": pl.Datetime("us", "UTC"),
    "codes": pl.String(),
}
"""A list on the docket: codes are joined by commas, in no order."""

RELEASES = {"order_no": pl.String(), "marketplace_code": pl.String(), "times": pl.Int32()}
FAULTS = {"order_no": pl.String(), "codes": pl.String()}


def backends(tx: Transaction) -> dict[int, str]:
    """The name of who is connected to each backend, by its process number."""
    return {row["pid"]: row["application_name"] for row in tx.rows(sql.backends)}


def extent(tx: Transaction) -> tuple[int, int]:
    """Bytes of the database on disk, and bytes of write-ahead log since the beginning."""
    row = tx.one(sql.extent)
    assert row is not None
    return row["bytes"], row["wal"]


def ask(tx: Transaction, lists: pl.DataFrame) -> None:
    """Stage the lists (order_no, marketplace_code) that the others ask about."""
    tx.stage("asked_lists", lists.select("order_no", "marketplace_code"), analyze=("order_no",))


def known(tx: Transaction) -> int:
    """How many of the lists asked about are on the docket."""
    return int(tx.value(sql.known))


def fates(tx: Transaction) -> pl.DataFrame:
    """What became of the lists asked about (FATES); one that is not on the docket has no row."""
    return tx.frame(sql.fates, FATES)


def releases(tx: Transaction) -> pl.DataFrame:
    """How often each of them was released (RELEASES); one that never was has no row."""
    return tx.frame(sql.releases, RELEASES)


def faults(tx: Transaction) -> pl.DataFrame:
    """Codes told about papers of their orders (FAULTS)."""
    return tx.frame(sql.faults, FAULTS)
