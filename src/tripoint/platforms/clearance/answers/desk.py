"""Giving answers: receipts are numbered, packed into messages by recipient, kept, and written when they are asked for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.messages.ceb.parsing import Unreadable
from tripoint.pipeline.receipts import FORMAT_STATUS
from tripoint.platforms.clearance.answers import store, writing
from tripoint.platforms.clearance.answers.composing import PHASED
from tripoint.platforms.clearance.papers.reading import Letter

PER_MESSAGE = 100
"""Receipts in one message at most, as the schema has it."""

_PLACE = ["answers", "position"]

_PACK = ("recipient_code", "message_type", "answers", "phase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that goes out: its number (the cursor to ask after), to whom, what, in answer to what, and its XML."""

    outbox_id: int
    recipient_code: str
    message_type: str
    message_guid: str
    answers: int | None
    created_at: datetime
    receipts: int
    body: bytes


def send(tx: Transaction, receipts: pl.DataFrame, letters: Sequence[Letter], now: datetime) -> int:
    """Number, pack and keep receipts (shape PHASED), and a CEB900 for each message that could not be read."""
    told = pl.concat([receipts, _broken(letters)]).with_columns(
        pl.when(writing.unwritable())
        .then(pl.lit("CEB900"))
        .otherwise(pl.col("message_type"))
        .alias("message_type"),
        pl.when(writing.is_pre_no()).then(pl.col("pre_no")).alias("pre_no"),
    )
    packed = _packs(_with_pre_nos(tx, told, now))
    packs = packed["pack"].n_unique()
    first = exchange.next_numbers(tx, {"outbox": packs, "receipt": packed.height})
    moment = pl.lit(now).dt.cast_time_unit("us")
    numbered = packed.with_columns(
        (pl.col("pack") + first["outbox"]).alias("outbox_id"),
        (pl.int_range(pl.len(), dtype=pl.Int64()) + first["receipt"]).alias("receipt_id"),
        moment.alias("return_time"),
    )
    exchange.send(tx, _outgoing(numbered, moment))
    store.append(tx, numbered.select(list(store.STORED)))
    return packed.height


def receipts(
    tx: Transaction,
    *,
    recipient_code: str | None,
    after: int = 0,
    most: int = 100,
    order_no: str | None = None,
    message_type: str | None = None,
    return_status: str | None = None,
    answers: int | None = None,
) -> list[dict[str, Any]]:
    """Receipts after a cursor (receipt_id), oldest first; `recipient_code` None sees everybody's."""
    found = store.receipts(
        tx,
        after=after,
        most=most,
        recipient_code=recipient_code,
        order_no=order_no,
        message_type=message_type,
        return_status=return_status,
        answers=answers,
    )
    return list(found)


def outgoing(
    tx: Transaction,
    *,
    recipient_code: str | None,
    after: int = 0,
    most: int = 100,
    message_type: str | None = None,
    answers: int | None = None,
) -> list[Outgoing]:
    """Outgoing messages after a cursor (outbox_id), oldest first, each with its XML, which is kept once written."""
    rows = exchange.outgoing(
        tx, after=after, most=most, recipient_code=recipient_code, message_type=message_type, answers=answers
    )
    blank = [row for row in rows if row["body"] is None]
    bodies = _write(tx, blank) if blank else {}
    if bodies:
        exchange.keep_bodies(tx, bodies)
    return [Outgoing(**row | {"body": bytes(row["body"] or bodies[row["outbox_id"]])}) for row in rows]


def _write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> dict[int, bytes]:
    """The XML of outgoing messages, from the receipts they carry."""
    packed = store.packed(tx, [row["outbox_id"] for row in rows])
    by_outbox = {key[0]: frame for key, frame in packed.group_by("outbox_id", maintain_order=True)}
    bills, lines = store.bills(tx)
    by_bill = {key[0]: frame for key, frame in bills.group_by("outbox_id", maintain_order=True)}
    broken = [row["answers"] for row in rows if row["message_type"] == "CEB900"]
    originals = {row["message_id"]: row for row in store.unreadable(tx, broken)} if broken else {}
    bodies = {}
    for row in rows:
        number, guid = row["outbox_id"], row["message_guid"]
        if row["message_type"] == "CEB816":
            bodies[number] = writing.write_bills(guid, by_bill[number], lines)
        elif row["message_type"] == "CEB818":
            bodies[number] = writing.write_bill_statuses(guid, by_bill[number])
        elif row["message_type"] == "CEB900":
            told = list(by_outbox[number].select("return_status", "return_info").iter_rows())
            bodies[number] = writing.write_format_receipt(
                guid, row["created_at"], originals[row["answers"]], told
            )
        else:
            bodies[number] = writing.write_receipts(row["message_type"], guid, by_outbox[number])
    return bodies


def _with_pre_nos(tx: Transaction, told: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Give a pre-entry number to each paper whose receipt demands one and that has none; the same one every time."""
    letters = pl.col("message_type").replace_strict(
        writing.PRE_NO_LETTER, default=None, return_dtype=pl.String()
    )
    lacking = told.filter(letters.is_not_null() & pl.col("pre_no").is_null())
    if lacking.is_empty():
        return told
    papers = lacking.select("order_no", *_PLACE, letters.alias("letter")).unique(_PLACE, maintain_order=True)
    known = store.known_pre_nos(tx, papers)
    fresh = papers.join(known, on=_PLACE, how="anti", maintain_order="left")
    day = now.astimezone(CHINA).strftime("%Y%m%d")
    scope = f"pre_no/{day}"
    first = exchange.next_numbers(tx, {scope: fresh.height} if fresh.height else {}).get(scope, 0)
    number = (pl.int_range(pl.len(), dtype=pl.Int64()) + first).cast(pl.String()).str.zfill(9)
    given = fresh.select(*_PLACE, (pl.col("letter") + pl.lit(day) + number).alias("given"))
    return (
        told.join(pl.concat([given, known]), on=_PLACE, how="left", maintain_order="left")
        .with_columns(
            pl.when(letters.is_not_null())
            .then(pl.coalesce("pre_no", "given"))
            .otherwise(pl.col("pre_no"))
            .alias("pre_no")
        )
        .drop("given")
    )


def _broken(letters: Sequence[Letter]) -> pl.DataFrame:
    """A receipt for each message that cannot be read at all."""
    rows = [
        {
            "order_no": "",
            "recipient_code": letter.arrival.sender_code,
            "message_type": "CEB900",
            "answers": letter.arrival.message_id,
            "position": 0,
            "guid": "",
            "return_status": FORMAT_STATUS,
            "return_info": refusal_text(letter.unreadable),
            "phase": 1,
        }
        for letter in letters
        if letter.unreadable is not None
    ]
    return pl.DataFrame([dict.fromkeys(PHASED) | row for row in rows], schema=PHASED, orient="row")


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


def refusal_text(unreadable: Unreadable) -> str:
    """Why a message cannot be read, in both languages, for its CEB900."""
    return f"[{unreadable.code}] {unreadable.text.zh} / {unreadable.text.en}"
