"""Giving answers: receipts are numbered, packed into messages by recipient, kept, and written when they are asked for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.messages.ceb.parsing import Unreadable
from tripoint.platforms.clearance.answers import store
from tripoint.platforms.clearance.papers.reading import Letter

PER_MESSAGE = 100
"""Receipts in one message at most, as the schema has it."""

_PACK = ("recipient_code", "message_type", "answers", "phase")


def send(tx: Transaction, receipts: pl.DataFrame, letters: Sequence[Letter], now: datetime) -> int:
    """Number, pack and keep receipts (shape PHASED), and a CEB900 for each message that could not be read."""
    broken = [letter for letter in letters if letter.unreadable is not None]
    packed = _packs(receipts)
    packs = packed["pack"].n_unique()
    first = exchange.next_numbers(tx, {"outbox": packs + len(broken), "receipt": packed.height + len(broken)})
    moment = pl.lit(now).dt.cast_time_unit("us")
    numbered = packed.with_columns(
        (pl.col("pack") + first["outbox"]).alias("outbox_id"),
        (pl.int_range(pl.len(), dtype=pl.Int64()) + first["receipt"]).alias("receipt_id"),
        moment.alias("return_time"),
    )
    exchange.send(tx, _outgoing(numbered, moment))
    exchange.send(tx, _format_receipts(broken, first["outbox"] + packs, now))
    store.append(tx, numbered.select(list(store.STORED)))
    return packed.height + len(broken)


def _packs(receipts: pl.DataFrame) -> pl.DataFrame:
    """Each receipt with the number of its pack (from 0): one recipient, type, answered message and phase, 100 at most."""
    keyed = receipts.with_columns((pl.int_range(pl.len()).over(_PACK) // PER_MESSAGE).alias("part"))
    key = [*_PACK, "part"]
    packs = keyed.select(key).unique(maintain_order=True).with_row_index("pack")
    return keyed.join(packs, on=key, how="left", maintain_order="left").with_columns(
        pl.col("pack").cast(pl.Int64())
    )


def _outgoing(numbered: pl.DataFrame, moment: pl.Expr) -> pl.DataFrame:
    packs = numbered.group_by("outbox_id", maintain_order=True).agg(
        pl.col("recipient_code", "message_type", "answers").first(),
        pl.len().cast(pl.Int32()).alias("receipts"),
    )
    guids = [str(uuid.uuid4()).upper() for _ in range(packs.height)]
    return packs.with_columns(
        pl.Series("message_guid", guids, dtype=pl.String()), moment.alias("created_at")
    ).select(list(exchange.OUTBOX))


def _format_receipts(broken: Sequence[Letter], first: int, now: datetime) -> pl.DataFrame:
    """One CEB900 for each message that could not be read."""
    rows = [
        (
            first + n,
            letter.arrival.sender_code,
            "CEB900",
            str(uuid.uuid4()).upper(),
            letter.arrival.message_id,
            now,
            1,
        )
        for n, letter in enumerate(broken)
    ]
    return pl.DataFrame(rows, schema=exchange.OUTBOX, orient="row")


def refusal_text(unreadable: Unreadable) -> str:
    """Why a message cannot be read, in both languages, for its CEB900."""
    return f"[{unreadable.code}] {unreadable.text.zh} / {unreadable.text.en}"
