"""Papers and their versions, in sets; each function runs as many statements for one paper as for ten thousand."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.platforms.clearance.papers.reception import STANDING
from tripoint.platforms.clearance.records import KIND_OF, Kind, Standing

sql = Statements.load(__package__)

PLACES = {"kind": pl.String(), "message_id": pl.Int64(), "position": pl.Int32(), "order_no": pl.String()}
"""Where a paper is: its kind, its message and its place there, and the order it stands under."""

PAPER_FAULTS = {
    "order_no": pl.String(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "ordinal": pl.Int32(),
    "kind": pl.String(),
    "number": pl.String(),
    "code": pl.String(),
    "severity": pl.String(),
    "path": pl.String(),
    "line_no": pl.Int32(),
    "value": pl.String(),
    "found_at": pl.Datetime("us", "UTC"),
}
"""What is wrong with papers; severity refuse: not taken, note: taken all the same."""


def standing(tx: Transaction, arriving: pl.DataFrame) -> pl.DataFrame:
    """What is known of the keys of the papers that arrive (shape STANDING)."""
    keys = arriving.select("kind", "issuer_code", "number").unique().sort("number", "kind", "issuer_code")
    tx.stage("arriving_keys", keys)
    return tx.frame(sql.standing, STANDING)


def list_states(tx: Transaction, order_nos: pl.Series) -> dict[tuple[str, str | None], Standing]:
    """Where each list of the orders stands, by (order_no, marketplace_code) and by (order_no, None)."""
    tx.stage("arriving_orders", pl.DataFrame({"order_no": order_nos.unique().sort()}), analyze=("order_no",))
    states: dict[tuple[str, str | None], Standing] = {}
    for row in tx.rows(sql.list_states):
        stands = Standing(
            state=row["state"],
            pre_no=row["pre_no"],
            list_no=row["list_no"],
            declarant_code=row["declarant_code"],
        )
        states[row["order_no"], row["marketplace_code"]] = stands
        states[row["order_no"], None] = stands
    return states


def known_orders(tx: Transaction) -> pl.Series:
    """Those of the orders that `list_states` was asked about under which papers stand already."""
    return tx.frame(sql.known_orders, {"order_no": pl.String()})["order_no"]


def put_versions(tx: Transaction, versions: pl.DataFrame) -> None:
    """Make versions count; one row for each key."""
    tx.stage("accepted_versions", versions)
    tx.run(sql.put_versions)


def orders_of_waybills(tx: Transaction, waybills: pl.DataFrame) -> pl.DataFrame:
    """carrier_code, waybill_no, order_no of open lists that name these waybills."""
    tx.stage("orphan_waybills", waybills.select("carrier_code", "waybill_no").unique())
    return tx.frame(
        sql.lists_of_waybills,
        {"carrier_code": pl.String(), "waybill_no": pl.String(), "order_no": pl.String()},
    )


def append(tx: Transaction, kind: Kind, papers: pl.DataFrame, lines: pl.DataFrame | None) -> None:
    """Append taken papers of one kind, and their lines (with the paper's distribution column among them)."""
    tx.copy(kind.table, papers.select(list(kind.schema)))
    if kind.lines and lines is not None:
        tx.copy(kind.lines, lines)


def waiting_papers(tx: Transaction) -> pl.DataFrame:
    """The papers without rows of their own of the orders that the ruling touches (shape PLACES)."""
    return tx.frame(sql.waiting_papers, PLACES)


def waiting_papers_of(tx: Transaction, order_no: str) -> pl.DataFrame:
    """The papers of one order without rows of their own (shape PLACES)."""
    rows = tx.rows(sql.waiting_papers_of_one, order_no=order_no)
    return pl.DataFrame(rows, schema=PLACES, orient="row")


def mark_stored(tx: Transaction, order_nos: pl.Series) -> None:
    """Note that the papers of some orders have rows of their own now."""
    tx.stage("stored_orders", pl.DataFrame({"order_no": order_nos}, schema={"order_no": pl.String()}))
    tx.run(sql.mark_stored)


def park(tx: Transaction, waybills: pl.DataFrame) -> None:
    """Keep waybills that name no order until a list names them."""
    tx.copy("parked_waybills", waybills.select(list(KIND_OF["waybill"].schema)))


def unpark(tx: Transaction, waybills: pl.DataFrame) -> None:
    """Forget parked versions of waybills whose newer version names its order."""
    tx.stage("spoken_waybills", waybills.select("carrier_code", "waybill_no", "app_time"))
    tx.run(sql.unpark)


def name_orders(tx: Transaction, waybills: pl.DataFrame) -> None:
    """Write down for whose order parked waybills were taken, so that what is settled stays settled."""
    tx.stage("named_waybills", waybills.select("carrier_code", "waybill_no", "order_no").unique())
    tx.run(sql.name_orders)


def take_parked(tx: Transaction, lists: pl.DataFrame) -> pl.DataFrame:
    """The parked waybills that these lists name, now with their order."""
    tx.stage("accepted_lists", lists.select("order_no", "carrier_code", "waybill_no"))
    schema = KIND_OF["waybill"].schema
    rows = tx.rows(sql.take_parked)
    return pl.DataFrame(rows, schema=schema) if rows else pl.DataFrame(schema=schema)


def open_lists(tx: Transaction, lists: pl.DataFrame, at: datetime) -> None:
    """Put lists on the docket."""
    tx.stage("docketed_lists", lists)
    tx.run(sql.open_lists, at=at)


def take_awaited(tx: Transaction, arrived: pl.DataFrame) -> pl.Series:
    """The orders whose lists wait for these papers (kind, issuer_code, number), whichever order those are for."""
    tx.stage("arrived_papers", arrived)
    return pl.Series("order_no", [row["order_no"] for row in tx.rows(sql.take_awaited)], dtype=pl.String())


def withdraw(tx: Transaction, lists: pl.DataFrame, at: datetime) -> None:
    """Take lists off the docket."""
    tx.stage("withdrawn_lists", lists.select("order_no", "marketplace_code"))
    tx.run(sql.withdraw_lists, at=at)


def keep_faults(tx: Transaction, faults: pl.DataFrame) -> None:
    """Keep why papers were not taken (shape PAPER_FAULTS)."""
    tx.copy("paper_faults", faults)
