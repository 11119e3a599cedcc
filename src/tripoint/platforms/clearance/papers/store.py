"""Papers and their versions, in sets; each function runs as many statements for one paper as for ten thousand."""

from __future__ import annotations

from collections.abc import Sequence
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


def arrive(tx: Transaction, arriving: pl.DataFrame) -> None:
    """Name the papers that the next look-ups are about, here and in `sealing`."""
    tx.stage("arriving_keys", arriving.select_seq("kind", "issuer_code", "number", "order_no"))


def standing(tx: Transaction) -> pl.DataFrame:
    """What is known of the keys of the papers that arrive (shape STANDING)."""
    # A key may arrive twice; what stands under it stands once.
    return tx.frame(sql.standing, STANDING).unique(["kind", "issuer_code", "number"], maintain_order=True)


def siblings(tx: Transaction) -> pl.DataFrame:
    """The papers that stand under the orders of those that arrive (shape PLACES), and whether they are `stored`."""
    return tx.frame(sql.siblings, PLACES | {"stored": pl.Boolean()})


def list_states(tx: Transaction, order_nos: pl.Series) -> dict[tuple[str, str | None], Standing]:
    """Where each list of the orders stands, by order_no and marketplace_code."""
    wanted = order_nos.drop_nulls().unique().sort().to_list()
    rows = tx.rows(sql.list_states, order_nos=wanted) if wanted else ()
    return {(row.pop("order_no"), row.pop("marketplace_code")): Standing(**row) for row in rows}


def add_versions(tx: Transaction, versions: pl.DataFrame) -> None:
    """Make versions count under whose keys nothing stands; one row for each key."""
    tx.copy("paper_versions", versions.sort("number", "kind", "issuer_code"))


def put_versions(tx: Transaction, versions: pl.DataFrame) -> None:
    """Make versions count, in place of what stands under their keys; one row for each key."""
    if versions.height:
        tx.stage("accepted_versions", versions)
        tx.run(sql.put_versions)


def orders_of_waybills(tx: Transaction, waybills: pl.DataFrame) -> pl.DataFrame:
    """carrier_code, waybill_no, order_no of open lists that name these waybills."""
    tx.stage("orphan_waybills", waybills.select_seq("carrier_code", "waybill_no").unique())
    return tx.frame(
        sql.lists_of_waybills,
        {"carrier_code": pl.String(), "waybill_no": pl.String(), "order_no": pl.String()},
    )


def append(tx: Transaction, kind: Kind, papers: pl.DataFrame, lines: pl.DataFrame | None) -> None:
    """Append taken papers of one kind, and their lines (with the paper's distribution column among them)."""
    if papers.is_empty():
        return
    tx.copy(kind.table, papers.select_seq(list(kind.schema)))
    if kind.lines and lines is not None:
        tx.copy(kind.lines, lines)


def waiting_papers_of(tx: Transaction, order_nos: Sequence[str]) -> pl.DataFrame:
    """The papers of some orders without rows of their own (shape PLACES)."""
    rows = tx.rows(sql.waiting_papers_of, order_nos=list(order_nos)) if order_nos else ()
    return pl.DataFrame(rows, schema=PLACES, orient="row")


def mark_stored(tx: Transaction, order_nos: pl.Series) -> None:
    """Note that the papers of some orders have rows of their own now."""
    if order_nos.len():
        tx.run(sql.mark_stored, order_nos=order_nos.to_list())


def park(tx: Transaction, waybills: pl.DataFrame) -> None:
    """Keep waybills that name no order until a list names them."""
    tx.copy("parked_waybills", waybills.select_seq(list(KIND_OF["waybill"].schema)))


def any_parked(tx: Transaction) -> bool:
    """Whether any waybill waits for a list to name it."""
    return bool(tx.value(sql.any_parked))


def unpark(tx: Transaction, waybills: pl.DataFrame) -> None:
    """Forget parked versions of waybills whose newer version names its order."""
    if waybills.height:
        tx.stage("spoken_waybills", waybills.select_seq("carrier_code", "waybill_no", "app_time"))
        tx.run(sql.unpark)


def take_parked(tx: Transaction, lists: pl.DataFrame) -> pl.DataFrame:
    """The parked waybills that these lists name, now with their order: so is written down, that it stays settled."""
    schema = KIND_OF["waybill"].schema
    tx.stage("accepted_lists", lists.select_seq("order_no", "carrier_code", "waybill_no"))
    taken = pl.DataFrame(tx.rows(sql.take_parked) or None, schema=schema)
    if taken.height:
        named = taken.select_seq("carrier_code", "waybill_no", "order_no", "message_id", "position")
        tx.stage("named_waybills", named)
        tx.run(sql.name_orders)
        tx.run(sql.take_back_leaving)
    return taken


def add_lists(tx: Transaction, lists: pl.DataFrame) -> None:
    """Put lists on the docket that never were on it."""
    tx.copy("live_clearings", lists)


def open_lists(tx: Transaction, lists: pl.DataFrame) -> None:
    """Put lists on the docket, in place of what it has of them."""
    if lists.height:
        tx.stage("docketed_lists", lists)
        tx.run(sql.open_lists)


def take_awaited(tx: Transaction, but: Sequence[tuple[str, str, str]]) -> pl.Series:
    """The orders whose lists wait for papers that arrived, whichever order those are for; `but` keys that were not taken."""
    # Many at once: they come out as a set, though the statement deletes.
    found = tx.frame(sql.take_awaited, {"order_no": pl.String()}, but=["\x1f".join(key) for key in but])
    return found["order_no"]


def withdraw(tx: Transaction, lists: pl.DataFrame, at: datetime) -> None:
    """Take lists off the docket."""
    if lists.height:
        tx.stage("withdrawn_lists", lists.select_seq("order_no", "marketplace_code"))
        tx.run(sql.withdraw_lists, at=at)


def keep_faults(tx: Transaction, faults: pl.DataFrame) -> None:
    """Keep why papers were not taken (shape PAPER_FAULTS)."""
    tx.copy("paper_faults", faults)
