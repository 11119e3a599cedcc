"""Sealed lists in sets: written once, found by order, payment or waybill number, taken out whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction

sql = Statements.load(__package__)

_ORDER = {"order_no": pl.String()}
_LIVE = (sql.purge_versions, sql.purge_clearings, sql.purge_findings)
_PAPERS = (
    sql.purge_orders,
    sql.purge_order_lines,
    sql.purge_payments,
    sql.purge_waybills,
    sql.purge_lists,
    sql.purge_list_lines,
)


def touched(tx: Transaction, order_nos: pl.Series, numbers: pl.DataFrame) -> pl.Series:
    """The orders of sealed lists that have one of the order numbers, or of the payments and waybills.

    `numbers` has kind (payment, waybill), issuer_code and number.
    """
    tx.stage("arriving_orders", pl.DataFrame({"order_no": order_nos}), analyze=("order_no",))
    tx.stage("arriving_numbers", numbers, analyze=("kind",))
    return tx.frame(sql.touched, _ORDER)["order_no"]


def seal(tx: Transaction, lists: pl.DataFrame) -> None:
    """Append the sealed lists of a round (shape SEALED), and count them."""
    tx.copy("sealed_lists", lists)
    batch, tax = (lists["batch"][0], lists["tax"].sum()) if lists.height else (0, 0)
    tx.run(sql.count_in, batch=batch, lists=lists.height, tax=tax)


def purge(tx: Transaction, order_nos: pl.Series, stored: pl.Series) -> None:
    """Forget the live rows of lists that are sealed now; `stored` are those of the orders whose papers have rows."""
    for orders, statements in ((order_nos, _LIVE), (stored, _PAPERS)):
        if orders.is_empty():
            continue
        tx.stage("sealed_orders", pl.DataFrame({"order_no": orders}, schema=_ORDER), analyze=("order_no",))
        for statement in statements:
            tx.run(statement)


def papers_of(tx: Transaction, order_nos: pl.Series) -> pl.DataFrame:
    """order_no and papers of the sealed lists of some orders; names the orders for `reopen`."""
    tx.stage("reopened_orders", pl.DataFrame({"order_no": order_nos}, schema=_ORDER), analyze=("order_no",))
    return tx.frame(sql.papers_of, {"order_no": pl.String(), "papers": pl.String()})


def papers_of_one(tx: Transaction, order_no: str) -> Sequence[dict[str, Any]]:
    """order_no and papers of the sealed lists of one order."""
    return tx.rows(sql.papers_of_one, order_no=order_no)


def reopen(tx: Transaction) -> None:
    """Make live rows of the lists that `papers_of` named, and take them out of what is sealed."""
    for statement in (
        sql.reopen_clearings,
        sql.reopen_decisions,
        sql.reopen_bills,
        sql.reopen_lines,
        sql.reopen_uses,
        sql.take_out,
    ):
        tx.run(statement)
