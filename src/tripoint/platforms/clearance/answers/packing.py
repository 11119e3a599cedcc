"""Receipts into the messages that carry them, and those into blocks: who gets what with which number (pure)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tripoint.platforms.clearance.answers import blocks

PER_MESSAGE = 100
"""Receipts in one message at most, as the schema of 312, 412, 512, 622 and their kin has it."""

BILLS_PER_MESSAGE = 500
"""Tax bills (816, 818) in one message at most: the schema sets no bound, a signature each hundred would cost most of all."""

PER_BLOCK = 4000
"""Receipts in one block, or a few more: read in about 3 ms, and kept in about 60 bytes each."""

_FORMAT = "CEB900"
_BILLS = ("CEB816", "CEB818")


@dataclass(frozen=True, slots=True)
class Packed:
    """Receipts in the order of their messages, with the number of the message each is in (`pack`, from 0)."""

    receipts: pl.DataFrame
    packs: int


def pack(receipts: pl.DataFrame) -> Packed:
    """Sort receipts (shape PHASED, one at least) by phase, type and recipient, and cut them into messages.

    A message may answer many; only a CEB900, which quotes the message it answers, is about one.
    """
    order = receipts.select_seq("answers", "position", _kinds(receipts))
    places = order.select_seq(pl.arg_sort_by("kind", "answers", "position", maintain_order=True)).to_series()
    sorted_ = receipts.drop("phase")[places]
    packs = (
        sorted_.select_seq("message_type", "answers", order["kind"][places]).select_seq(_PACKS).to_series()
    )
    return Packed(sorted_.with_columns_seq(packs), int(packs[-1]) + 1)


def _kinds(receipts: pl.DataFrame) -> pl.Series:
    """For each receipt the rank of its phase, type and recipient; most receipts follow another of their kind."""
    key = pl.struct("phase", "message_type", "recipient_code")
    runs = receipts.select_seq(key.rle_id()).to_series()
    begins = (runs != runs.shift(1)).fill_null(value=True).arg_true()
    ranks = receipts.select_seq("phase", "message_type", "recipient_code")[begins].select_seq(
        key.rank("dense")
    )
    return ranks.to_series()[runs].alias("kind")


def _packs() -> pl.Expr:
    """For each receipt, in order, the number of its message from 0."""
    most = pl.when(pl.col("message_type").is_in(_BILLS)).then(BILLS_PER_MESSAGE).otherwise(PER_MESSAGE)
    first = pl.col("kind") != pl.col("kind").shift(1)
    about_another = (pl.col("message_type") == _FORMAT) & (pl.col("answers") != pl.col("answers").shift(1))
    place = pl.int_range(pl.len(), dtype=pl.Int64())
    begun = pl.when((first | about_another).fill_null(value=True)).then(place).otherwise(None).forward_fill()
    opens = ((place - begun) % most) == 0
    return (opens.cum_sum().cast(pl.Int64()) - 1).alias("pack")


_PACKS = _packs()


def number(packed: Packed, first_message: int, first_receipt: int) -> list[pl.DataFrame]:
    """The receipts by block, each a slice of them with their numbers (shape KEPT)."""
    numbered = packed.receipts.with_columns_seq(
        (pl.int_range(pl.len(), dtype=pl.Int64()) + first_receipt).alias("receipt_id"),
        (pl.col("pack") + first_message).alias("outbox_id"),
    ).select_seq(list(blocks.KEPT))
    return list(_cut(numbered))


def _cut(numbered: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Slices of about PER_BLOCK receipts that part no message."""
    if numbered.height <= PER_BLOCK:
        yield numbered
        return
    begins = (numbered["outbox_id"] != numbered["outbox_id"].shift(1)).fill_null(value=True).arg_true()
    start = 0
    for place in (*begins.to_list(), numbered.height):
        if place - start >= PER_BLOCK or (place == numbered.height and place > start):
            yield numbered[start:place]
            start = place


def messages(given: Sequence[pl.DataFrame], now: datetime) -> pl.DataFrame:
    """The outgoing messages of blocks (shape `exchange.store.OUTBOX`)."""
    receipts = pl.concat(
        block.select_seq(
            *("outbox_id", "receipt_id", "recipient_code", "message_type", "answers", "return_status"),
            pl.col("outbox_id").first().alias("block"),
        )
        for block in given
    )
    packs = receipts.group_by("outbox_id", maintain_order=True).agg(
        pl.col("recipient_code", "message_type", "block").first(),
        pl.col("answers").min(),
        pl.col("answers").max().alias("last_answered"),
        pl.len().cast(pl.Int32()).alias("receipts"),
        pl.col("receipt_id").first().alias("first_receipt"),
        pl.col("receipt_id").last().alias("last_receipt"),
    )
    told = receipts.select_seq("outbox_id", "return_status").unique().sort("outbox_id", "return_status")
    statuses = told.group_by("outbox_id", maintain_order=True).agg(
        pl.col("return_status").str.join(",").alias("statuses")
    )
    guids = [str(uuid.uuid4()).upper() for _ in range(packs.height)]
    return packs.with_columns_seq(
        statuses["statuses"],
        pl.when(pl.col("answers") == pl.col("last_answered")).then("answers").alias("answers"),
        pl.Series("message_guid", guids, dtype=pl.String()),
        pl.lit(now).dt.cast_time_unit("us").alias("created_at"),
    )
