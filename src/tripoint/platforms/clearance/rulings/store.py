"""The docket and what is drawn at release, in sets; each function runs as many statements for one list as for ten thousand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.documents.columns import TABLES
from tripoint.platforms.clearance.records import KIND_OF, TRIO

sql = Statements.load(__package__)

TIME = pl.Datetime("us", "UTC")

DOCKET = {
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "state": pl.String(),
    "waits_for": pl.String(),
    "pre_no": pl.String(),
    "list_no": pl.String(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "received_at": TIME,
}
ELSEWHERE = {
    "kind": pl.String(),
    "issuer_code": pl.String(),
    "number": pl.String(),
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
}
USED = {"person_id": pl.String(), "year": pl.Int16(), "allowance": pl.String(), "used": pl.Int64()}
FOUND = {"order_no": pl.String(), "marketplace_code": pl.String(), "found": pl.String()}

_NONE_ELSEWHERE, _NOTHING_USED = pl.DataFrame(schema=ELSEWHERE), pl.DataFrame(schema=USED)


def touch(tx: Transaction, order_nos: pl.Series) -> None:
    """Name the orders that the next look-ups are about."""
    tx.stage("touched_orders", pl.DataFrame({"order_no": order_nos.unique().sort()}), analyze=("order_no",))


def docket(tx: Transaction) -> pl.DataFrame:
    """The docket of the touched orders (shape DOCKET)."""
    return tx.frame(sql.clearings, DOCKET)


def papers(tx: Transaction) -> dict[str, pl.DataFrame]:
    """Every version of the papers of the touched orders, and their lines (with order_no)."""
    found = {}
    for name in TRIO:
        kind = KIND_OF[name]
        found[kind.table] = tx.frame(sql[kind.table], kind.schema)
        if kind.lines:
            lines: dict[str, pl.DataType] = {"order_no": pl.String(), **TABLES[kind.lines].schema}
            found[kind.lines] = tx.frame(sql[kind.lines], lines)
    return found


def elsewhere(tx: Transaction, wanted: pl.DataFrame) -> pl.DataFrame:
    """The orders, with their marketplaces, under which papers stand that a set names but does not have (shape ELSEWHERE)."""
    if wanted.is_empty():
        return _NONE_ELSEWHERE
    tx.stage("missing_papers", wanted)
    return tx.frame(sql.elsewhere, ELSEWHERE)


def await_papers(tx: Transaction, awaited: pl.DataFrame) -> None:
    """Note which papers (kind, issuer_code, number) the lists of which orders (order_no) wait for."""
    if awaited.height:
        tx.stage("awaited", awaited)
        tx.run(sql.await_papers)


def used(tx: Transaction, drawn: pl.DataFrame) -> pl.DataFrame:
    """What is used of allowances (person_id, year, allowance); shape USED. The caller holds the platform's lock."""
    if drawn.is_empty():
        return _NOTHING_USED
    keys = drawn.select_seq("person_id", "year", "allowance").unique()
    tx.stage("drawn_allowances", keys, analyze=("person_id",))
    return tx.frame(sql.used_allowances, USED)


def take_allowances(tx: Transaction, uses: pl.DataFrame, live: pl.DataFrame) -> None:
    """Add what released lists use (person_id, year, allowance, amount), and keep the uses of those that stay live."""
    if uses.is_empty():
        return
    tx.stage("used_allowances", uses.select_seq("person_id", "year", "allowance", "amount"))
    tx.run(sql.take_allowances)
    names = ("order_no", "marketplace_code", "person_id", "year", "allowance", "amount")
    if live.height:
        tx.copy("live_allowance_uses", live.select_seq(names))


def last_found(tx: Transaction) -> pl.DataFrame:
    """What was found about the touched orders' lists when they were last judged, in one text (shape FOUND)."""
    return tx.frame(sql.last_found, FOUND)


def save_states(tx: Transaction, decided: pl.DataFrame, edition: str, at: datetime) -> None:
    """Write down what became of lists, and remove the findings they had before."""
    if decided.is_empty():
        return
    tx.stage("decided_lists", decided)
    tx.run(sql.save_states, edition=edition, at=at)
    tx.run(sql.clear_findings)


def append(tx: Transaction, rows: Mapping[str, pl.DataFrame]) -> None:
    """Append sets to the tables that only grow: findings, live decisions, assessed lines, tax bills."""
    for table, frame in rows.items():
        if frame.height:
            tx.copy(table, frame)


def held_for(
    tx: Transaction,
    *,
    states: Sequence[str],
    codes: Sequence[str],
    after: tuple[int, int],
    most: int,
    guarantors: Sequence[str] | None,
) -> pl.DataFrame:
    """Lists in one of the states with one of the findings, as they came after a place: message_id, position, order_no.

    Of all guarantors, or of some.
    """
    message_id, position = after
    return tx.frame(
        sql.held_for,
        {"message_id": pl.Int64(), "position": pl.Int32(), "order_no": pl.String()},
        states=list(states),
        codes=list(codes),
        message_id=message_id,
        position=position,
        guarantors=None if guarantors is None else list(guarantors),
        most=most,
    )


def add_used(tx: Transaction, uses: pl.DataFrame) -> int:
    """Count what persons had used before (person_id, year, allowance, amount); how many said something new.

    A person's year is stated once, and may be corrected.
    """
    tx.stage("stated_uses", uses)
    return int(tx.value(sql.add_used))
