"""Receipts in the database: appended by the round, read to be written into messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.exchange.packing import unpack
from tripoint.pipeline.receipts import RECEIPTS

sql = Statements.load(__package__)

STORED = (
    {"receipt_id": pl.Int64(), "outbox_id": pl.Int64()} | RECEIPTS | {"return_time": pl.Datetime("us", "UTC")}
)
"""A receipt as it is kept: numbered, packed and timed."""

BILL = {
    "outbox_id": pl.Int64(),
    "position": pl.Int32(),
    "guid": pl.String(),
    "return_time": pl.Datetime("us", "UTC"),
    "list_no": pl.String(),
    "tax_no": pl.String(),
    "customs_tax": pl.Int64(),
    "value_added_tax": pl.Int64(),
    "consumption_tax": pl.Int64(),
    "status": pl.String(),
    "duty_payment_no": pl.String(),
    "guarantor_code": pl.String(),
    "merchant_code": pl.String(),
    "carrier_code": pl.String(),
    "declarant_code": pl.String(),
    "customs_code": pl.String(),
    "order_no": pl.String(),
    "waybill_no": pl.String(),
    "receipt_id": pl.Int64(),
}
"""A tax bill as message 816 wants it."""

BILL_LINE = {
    "receipt_id": pl.Int64(),
    "line_no": pl.Int32(),
    "hs_code": pl.String(),
    "tax_price": pl.Int64(),
    "customs_tax": pl.Int64(),
    "value_added_tax": pl.Int64(),
    "consumption_tax": pl.Int64(),
}
"""A line of a tax bill."""


def append(tx: Transaction, receipts: pl.DataFrame) -> None:
    """Append receipts (shape STORED)."""
    tx.copy("receipts", receipts)


def packed(tx: Transaction, outbox_ids: Sequence[int]) -> pl.DataFrame:
    """The receipts of outgoing messages, in order (shape STORED)."""
    tx.stage("wanted_outbox", pl.DataFrame({"outbox_id": list(outbox_ids)}, schema={"outbox_id": pl.Int64()}))
    return tx.frame(sql.packed, STORED)


def bills(tx: Transaction) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tax bills in the outgoing messages named last by `packed`, and their lines."""
    return tx.frame(sql.bills, BILL), tx.frame(sql.bill_lines, BILL_LINE)


def known_pre_nos(tx: Transaction, papers: pl.DataFrame) -> pl.DataFrame:
    """answers, position and `given`: the pre-entry numbers that papers (order_no, answers, position) were given before."""
    tx.stage("answered_papers", papers.select("order_no", "answers", "position"))
    return tx.frame(sql.known_pre_nos, {"answers": pl.Int64(), "position": pl.Int32(), "given": pl.String()})


def unreadable(tx: Transaction, message_ids: Sequence[int]) -> Sequence[dict[str, Any]]:
    """Messages that could not be read, for their CEB900."""
    rows = tx.rows(sql.unreadable, message_ids=list(message_ids))
    for row in rows:
        row["raw"] = unpack(row.pop("packing"), row["raw"])
    return rows


def receipts(
    tx: Transaction,
    *,
    after: int,
    most: int,
    recipient_code: str | None,
    order_no: str | None = None,
    message_type: str | None = None,
    return_status: str | None = None,
    answers: int | None = None,
) -> Sequence[dict[str, Any]]:
    """Receipts after a cursor, oldest first; for an enterprise only its own."""
    return tx.rows(
        sql.receipts,
        after=after,
        most=most,
        recipient_code=recipient_code,
        order_no=order_no,
        message_type=message_type,
        return_status=return_status,
        answers=answers,
    )
