"""Receipts in the database: blocks appended by the round, found again by number, recipient, order or message answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.exchange.packing import unpack
from tripoint.platforms.clearance.answers import blocks
from tripoint.platforms.clearance.answers.blocks import STORED

sql = Statements.load(__package__)

PRE_NOS = {"order_no": pl.String(), "answers": pl.Int64(), "position": pl.Int32(), "pre_no": pl.String()}
"""A pre-entry number that a paper was given for its receipts."""

BLOCKS_AT_ONCE = 8
"""Blocks in memory at once where several are gone through."""

PACKS_AT_ONCE = 1000
"""Messages looked up at once where receipts are gone through."""

MESSAGE_RECEIPTS_MAX = 100_000
"""Receipts that one message was given in the rounds that read it, at most."""

Row = dict[str, Any]


def append(tx: Transaction, given: Sequence[pl.DataFrame], now: datetime) -> None:
    """Append blocks, each of its receipts (shape KEPT), and count them."""
    tx.run(
        sql.append,
        blocks=[block["outbox_id"][0] for block in given],
        last_messages=[block["outbox_id"][-1] for block in given],
        first_receipts=[block["receipt_id"][0] for block in given],
        last_receipts=[block["receipt_id"][-1] for block in given],
        contents=[blocks.pack(block) for block in given],
        at=now,
    )


def tally(tx: Transaction, receipts: pl.DataFrame) -> None:
    """Count receipts given."""
    counts = receipts.group_by("message_type", "return_status").len()
    tx.run(
        sql.tally,
        types=counts["message_type"].to_list(),
        statuses=counts["return_status"].to_list(),
        counts=counts["len"].to_list(),
    )


def tallies(tx: Transaction) -> Sequence[Row]:
    """How many receipts of each type and status have been given."""
    return tx.rows(sql.tallies)


def retell(tx: Transaction, order_nos: Sequence[str], now: datetime) -> None:
    """Keep when orders were answered of which this moment leaves no other trace."""
    tx.run(sql.retell, order_nos=list(order_nos), at=now)


def packed(tx: Transaction, messages: Sequence[Row]) -> pl.DataFrame:
    """The receipts of outgoing messages (outbox_id, block), in order (shape STORED)."""
    wanted = pl.Series("outbox_id", [row["outbox_id"] for row in messages], dtype=pl.Int64())
    numbers = sorted({row["block"] for row in messages})
    parts = [block.filter(pl.col("outbox_id").is_in(wanted.implode())) for block in _contents(tx, numbers)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=STORED)


def _contents(tx: Transaction, numbers: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Blocks by number (shape STORED), in order, some at a time."""
    for start in range(0, len(numbers), BLOCKS_AT_ONCE):
        for row in tx.blobs(sql.contents, blocks=list(numbers[start : start + BLOCKS_AT_ONCE])):
            yield blocks.unpack(bytes(row["content"]), row["given_at"])


def page(
    tx: Transaction,
    *,
    after: int,
    most: int,
    recipient_code: str | None,
    message_type: str | None,
    return_status: str | None,
) -> pl.DataFrame:
    """Receipts after a cursor, oldest first (shape STORED), found by the messages that carry them."""
    filters = {"recipient_code": recipient_code, "message_type": message_type, "return_status": return_status}
    found = [pl.DataFrame(schema=STORED)]
    missing = most
    while missing > 0 and (packs := _packs(tx, after, missing, filters)):
        last = max(row["last_receipt"] for row in packs)
        told = packed(tx, packs).filter(pl.col("receipt_id").is_between(after + 1, last))
        found.append(_said(told, return_status=return_status).sort("receipt_id").head(missing))
        missing -= found[-1].height
        after = last
    return pl.concat(found)


def _packs(tx: Transaction, after: int, enough: int, filters: Row) -> Sequence[Row]:
    """Messages with receipts after a cursor, as many as promise enough of them; none overlaps with one left out.

    Messages of before the blocks may overlap: their receipts were numbered before they were packed.
    """
    most = min(enough, PACKS_AT_ONCE)
    while True:
        if filters["recipient_code"] is None:
            rows = tx.rows(sql.packs, after=after, most=most, **filters)
        else:
            rows = tx.rows(sql.packs_to, after=after, most=most, **filters)
        count, last = 0, 0
        for place, row in enumerate(rows):
            if count >= enough and row["first_receipt"] > last:
                return rows[:place]
            count += row["last_receipt"] - max(after, row["first_receipt"] - 1)
            last = max(last, row["last_receipt"])
        if len(rows) < most or count < enough:
            return rows
        most *= 2


def about(
    tx: Transaction, moments: Sequence[datetime], after: int, most: int, **wanted: object
) -> pl.DataFrame:
    """Receipts of some moments after a cursor, oldest first (shape STORED), that are as wanted: column to value."""
    found = [pl.DataFrame(schema=STORED)]
    missing = most
    numbers = [row["block"] for row in tx.rows(sql.blocks_at, moments=list(moments), after=after)]
    for block in _contents(tx, numbers):
        if missing <= 0:
            break
        told = _said(block.filter(pl.col("receipt_id") > after), **wanted)
        found.append(told.sort("receipt_id").head(missing))
        missing -= found[-1].height
    return pl.concat(found)


def _said(receipts: pl.DataFrame, **wanted: object) -> pl.DataFrame:
    """The receipts whose columns have the values wanted; a column for which None is wanted does not count."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return receipts.filter(pl.col(name) == value for name, value in asked.items()) if asked else receipts


def moments_of_orders(tx: Transaction, order_nos: Sequence[str]) -> set[datetime]:
    """When receipts about papers of some orders were given."""
    return {row["moment"] for row in tx.rows(sql.moments_of_orders, order_nos=list(order_nos))}


def moments_of_message(tx: Transaction, message_id: int) -> set[datetime]:
    """When receipts that answer one message were given: as it was worked on, and as its papers were ruled on later."""
    moments = {row["moment"] for row in tx.rows(sql.moments_of_message, message_id=message_id)}
    first = about(tx, sorted(moments), 0, MESSAGE_RECEIPTS_MAX, answers=message_id)
    order_nos = set(first["order_no"].unique())
    silent = first.filter(pl.col("order_no") == "")["waybill_no"].drop_nulls().unique().to_list()
    if silent:
        order_nos |= {row["order_no"] for row in tx.rows(sql.orders_of_waybills, waybill_nos=silent)}
    return moments | moments_of_orders(tx, sorted(order_nos - {""}))


def known_pre_nos(tx: Transaction, papers: pl.DataFrame) -> pl.DataFrame:
    """answers, position and pre_no: the pre-entry numbers that papers (order_no, answers, position) were given before."""
    rows = tx.rows(
        sql.known_pre_nos,
        order_nos=papers["order_no"].to_list(),
        answers=papers["answers"].to_list(),
        positions=papers["position"].to_list(),
    )
    schema = {name: dtype for name, dtype in PRE_NOS.items() if name != "order_no"}
    return pl.DataFrame(rows, schema=schema, orient="row")


def keep_pre_nos(tx: Transaction, given: pl.DataFrame) -> None:
    """Keep pre-entry numbers (shape PRE_NOS) for later receipts about the same papers."""
    tx.copy("given_pre_nos", given)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A block to be written: its number and moment, its messages that have no XML yet, and its receipts (shape STORED)."""

    block: int
    given_at: datetime
    messages: Sequence[Row]
    receipts: pl.DataFrame


def unwritten(tx: Transaction, after: int) -> Unwritten | None:
    """The oldest block after another that wants its XML, by nobody held; locked."""
    return _to_write(tx, tx.one(sql.unwritten, after=after))


def unwritten_block(tx: Transaction, block: int) -> Unwritten | None:
    """One block, locked; None where it is written, when whoever did it is done."""
    return _to_write(tx, tx.one(sql.unwritten_block, block=block))


def _to_write(tx: Transaction, row: Row | None) -> Unwritten | None:
    if row is None:
        return None
    messages = tx.rows(sql.messages_of_block, block=row["block"], last_message=row["last_message"])
    receipts = blocks.unpack(bytes(row["content"]), row["given_at"])
    return Unwritten(row["block"], row["given_at"], messages, receipts)


def set_written(tx: Transaction, block: int) -> None:
    """Note that every message of a block has its XML."""
    tx.run(sql.set_written, block=block)


def backlog(tx: Transaction) -> int:
    """How many blocks wait for their XML."""
    return int(tx.value(sql.backlog))


def unreadable(tx: Transaction, message_ids: Sequence[int]) -> Sequence[Row]:
    """Messages that could not be read, for their CEB900."""
    rows = tx.rows(sql.unreadable, message_ids=list(message_ids))
    for row in rows:
        row["raw"] = unpack(row.pop("packing"), row["raw"])
    return rows
