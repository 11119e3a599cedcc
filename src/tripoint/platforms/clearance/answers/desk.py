"""Giving answers: receipts are numbered, packed into messages and kept in blocks; their XML is written afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.kernel.refusals import Busy
from tripoint.messages.ceb.parsing import Unreadable
from tripoint.messages.signatures.sealing import Seal
from tripoint.pipeline.receipts import BILL, FORMAT_STATUS, together
from tripoint.platforms.clearance.answers import blocks, packing, pressing, store, writing
from tripoint.platforms.clearance.answers.composing import AGAIN, PHASED
from tripoint.platforms.clearance.papers.reading import Letter

_PLACE = ["answers", "position"]

EVERYTHING = 10_000_000
"""Receipts of one order or message, at most."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribed:
    """What a scribe did with a block: how many messages it wrote, or the fault that kept it from doing so."""

    block: int
    given_at: datetime
    messages: int
    fault: BaseException | None = None


def send(tx: Transaction, receipts: pl.DataFrame, letters: Sequence[Letter], now: datetime) -> int:
    """Number, pack and keep receipts (shape PHASED), and a CEB900 for each message that could not be read."""
    told = together([receipts, _broken(letters)])
    if told.is_empty():
        return 0
    told = writing.written_as(told).with_columns_seq(
        pl.when(writing.is_pre_no()).then(pl.col("pre_no")).alias("pre_no")
    )
    again = told.filter((pl.col("phase") == AGAIN) & (pl.col("order_no") != ""))["order_no"].to_list()
    packed = packing.pack(_with_pre_nos(tx, told, now))
    first = exchange.next_numbers(tx, {"outbox": packed.packs, "receipt": told.height})
    given = packing.number(packed, first["outbox"], first["receipt"])
    exchange.send(tx, packing.messages(given, now).select_seq(list(exchange.OUTBOX)))
    store.append(tx, given, now)
    store.tally(tx, packed.receipts)
    if again:
        store.retell(tx, again, now)
    return told.height


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
    """Receipts after a cursor (receipt_id), oldest first; `recipient_code` None sees everybody's.

    By order or by message answered they are looked for in the rounds that worked on it, and nowhere else.
    """
    filters = {
        "recipient_code": recipient_code,
        "message_type": message_type,
        "return_status": return_status,
    }
    if order_no is None and answers is None:
        return _told(store.page(tx, after=after, most=most, **filters))
    if order_no is not None:
        moments = store.moments_of_orders(tx, [order_no])
    else:
        assert answers is not None
        moments = store.moments_of_message(tx, answers)
    filters |= {"order_no": order_no}
    return _told(store.about(tx, sorted(moments), after, most, answers=answers, **filters))


def _told(receipts: pl.DataFrame) -> list[dict[str, Any]]:
    """Receipts as they are shown: a tax bill's figures stand in its message."""
    return receipts.drop(BILL).to_dicts()


def tallies(tx: Transaction) -> Sequence[dict[str, Any]]:
    """How many receipts of each type and status have been given: message_type, return_status, receipts."""
    return store.tallies(tx)


def carried(tx: Transaction, outbox_id: int) -> list[dict[str, Any]]:
    """The receipts that one outgoing message carries, in order."""
    return _told(store.packed(tx, exchange.outgoing_of(tx, [outbox_id])))


def answering(
    tx: Transaction,
    message_id: int,
    *,
    recipient_code: str | None = None,
    after: int = 0,
    most: int = 100,
    message_type: str | None = None,
) -> Sequence[dict[str, Any]]:
    """Outgoing messages after a cursor (outbox_id) that answer a message, oldest first, without their XML."""
    told = store.about(
        tx,
        sorted(store.moments_of_message(tx, message_id)),
        0,
        EVERYTHING,
        answers=message_id,
        recipient_code=recipient_code,
        message_type=message_type,
    )
    numbers = told.filter(pl.col("outbox_id") > after)["outbox_id"].unique().sort().head(most)
    return exchange.outgoing_of(tx, numbers.to_list())


def outgoing(
    tx: Transaction,
    *,
    recipient_code: str | None,
    after: int = 0,
    most: int = 100,
    message_type: str | None = None,
    seal: Seal | None,
) -> list[Outgoing]:
    """Outgoing messages after a cursor (outbox_id), oldest first, each with its XML, which is kept once written.

    `seal` signs what nobody has written yet; None leaves it unsigned.
    """
    rows = exchange.outgoing(
        tx, after=after, most=most, recipient_code=recipient_code, message_type=message_type
    )
    bodies = _bodies(tx, rows, seal)
    return [
        Outgoing(
            **{name: row[name] for name in Outgoing.__slots__ if name != "body"},
            body=blocks.decompress(bodies[row["outbox_id"]]),
        )
        for row in rows
    ]


def kept(tx: Transaction, outbox_id: int, *, recipient_code: str | None, seal: Seal | None) -> bytes | None:
    """The XML of one outgoing message as it is kept, written now where nobody has; None where there is none to this recipient."""
    rows = exchange.outgoing_of(tx, [outbox_id])
    mine = [row for row in rows if recipient_code in (None, row["recipient_code"])]
    return _bodies(tx, mine, seal)[outbox_id] if mine else None


def scribe(tx: Transaction, seal: Seal | None, after: int = 0) -> Scribed | None:
    """Write the XML of the oldest block after another that wants it; None where there is no such block.

    It takes a transaction of its own and not the round's lock: a kill undoes it, and two scribes take two blocks. A
    fault of ours leaves the block as it is, for another look, and stands in no other block's way.
    """
    found = store.unwritten(tx, after)
    if found is None:
        return None
    fault = _write_block(tx, found, seal)
    return Scribed(block=found.block, given_at=found.given_at, messages=len(found.messages), fault=fault)


def unwritten(tx: Transaction) -> int:
    """How many blocks wait for their XML."""
    return store.backlog(tx)


def _bodies(tx: Transaction, rows: Sequence[dict[str, Any]], seal: Seal | None) -> dict[int, bytes]:
    """The XML of outgoing messages as it is kept; what nobody has written yet is written now, with all of its block.

    The receipts of a block are unpacked together, and who asks for one message will ask for those beside it.
    """
    numbers = [row["outbox_id"] for row in rows]
    kept = exchange.bodies(tx, numbers)
    if len(kept) < len(numbers):
        for block in sorted({row["block"] for row in rows if row["outbox_id"] not in kept}):
            if (found := store.unwritten_block(tx, block)) is not None:
                _write_block(tx, found, seal)
        kept = exchange.bodies(tx, numbers)
    if blank := [row for row in rows if row["outbox_id"] not in kept]:  # something else in the block is amiss
        exchange.keep_bodies(tx, _made(tx, blank, store.packed(tx, blank), seal))
        kept = exchange.bodies(tx, numbers)
    return kept


def _write_block(tx: Transaction, found: store.Unwritten, seal: Seal | None) -> BaseException | None:
    """Write those messages of a block that have no XML yet; a fault of ours leaves the block as it is and is returned."""
    try:
        with tx.savepoint():
            exchange.keep_bodies(tx, _made(tx, found.messages, found.receipts, seal))
    except Busy:
        raise
    except (Exception, pl.exceptions.PanicException) as fault:
        return fault
    store.set_written(tx, found.block)
    return None


def _made(
    tx: Transaction, rows: Sequence[dict[str, Any]], told: pl.DataFrame, seal: Seal | None
) -> dict[int, bytes]:
    """The XML of outgoing messages from the receipts they carry (shape STORED), signed and as it is kept."""
    plain = _write(rows, told)
    quoting = _format_receipts(
        tx, [row for row in rows if row["message_type"] == writing.FORMAT_RECEIPT], told
    )
    if seal is not None:
        plain = {number: seal.put(body, canonical=True) for number, body in plain.items()}
        quoting = {number: seal.put(body, canonical=False) for number, body in quoting.items()}
    return {number: blocks.compress(body) for number, body in (plain | quoting).items()}


def _write(rows: Sequence[dict[str, Any]], told: pl.DataFrame) -> dict[int, bytes]:
    """The XML of outgoing messages that answer papers in their own form: pressed, or written where the press leaves them."""
    pressed = pressing.write(rows, told)
    left = [row for row in rows if row["outbox_id"] not in pressed]
    return pressed | write_plainly(left, told) if left else pressed


def write_plainly(rows: Sequence[dict[str, Any]], told: pl.DataFrame) -> dict[int, bytes]:
    """The XML of outgoing messages that answer papers in their own form, all of one type in one go."""
    guids = {row["outbox_id"]: row["message_guid"] for row in rows}
    mine = told.filter(pl.col("outbox_id").is_in(list(guids)))
    bodies: dict[int, bytes] = {}
    for message_type in sorted({row["message_type"] for row in rows} - {writing.FORMAT_RECEIPT}):
        receipts = mine.filter(pl.col("message_type") == message_type)
        if message_type == "CEB816":
            bodies |= writing.write_bills(guids, receipts)
        elif message_type == "CEB818":
            bodies |= writing.write_bill_statuses(guids, receipts)
        else:
            bodies |= writing.write_receipts(message_type, guids, receipts)
    return bodies


def _format_receipts(tx: Transaction, rows: Sequence[dict[str, Any]], told: pl.DataFrame) -> dict[int, bytes]:
    """The XML of CEB900s, each with the message it is about."""
    if not rows:
        return {}
    originals = {row["message_id"]: row for row in store.unreadable(tx, [row["answers"] for row in rows])}
    bodies = {}
    for row in rows:
        mine = told.filter(pl.col("outbox_id") == row["outbox_id"])
        texts = list(mine.select_seq("return_status", "return_info").iter_rows())
        bodies[row["outbox_id"]] = writing.write_format_receipt(
            row["message_guid"], row["created_at"], originals[row["answers"]], texts
        )
    return bodies


def _with_pre_nos(tx: Transaction, told: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Give a pre-entry number to each paper whose receipt demands one and that has none; the same one every time."""
    demanded = pl.col("message_type").is_in(list(writing.PRE_NO_LETTER)) & pl.col("pre_no").is_null()
    places = told.select_seq(demanded).to_series().arg_true()
    if places.is_empty():
        return told
    letter = pl.col("message_type").replace_strict(writing.PRE_NO_LETTER, return_dtype=pl.String())
    lacking = told.select_seq("order_no", *_PLACE, "message_type")[places]
    papers = lacking.select_seq("order_no", *_PLACE, letter.alias("letter")).unique(
        _PLACE, maintain_order=True
    )
    known = store.known_pre_nos(tx, papers)
    fresh = papers.join(known, on=_PLACE, how="anti", maintain_order="left")
    day = now.astimezone(CHINA).strftime("%Y%m%d")
    scope = f"pre_no/{day}"
    first = exchange.next_numbers(tx, {scope: fresh.height} if fresh.height else {}).get(scope, 0)
    number = (pl.int_range(pl.len(), dtype=pl.Int64()) + first).cast(pl.String()).str.zfill(9)
    given = fresh.select_seq("order_no", *_PLACE, (pl.col("letter") + pl.lit(day) + number).alias("pre_no"))
    store.keep_pre_nos(tx, given)
    numbered = pl.concat([given.select_seq(*_PLACE, "pre_no"), known])
    filled = lacking.join(numbered, on=_PLACE, how="left", maintain_order="left")["pre_no"]
    return told.with_columns_seq(told["pre_no"].scatter(places, filled))


def _broken(letters: Sequence[Letter]) -> pl.DataFrame:
    """A receipt for each message that cannot be read at all."""
    rows = [
        {
            "order_no": "",
            "recipient_code": letter.arrival.sender_code,
            "message_type": writing.FORMAT_RECEIPT,
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


def refusal_text(unreadable: Unreadable) -> str:
    """Why a message cannot be read, in both languages, for its CEB900."""
    return f"[{unreadable.code}] {unreadable.text.zh} / {unreadable.text.en}"
