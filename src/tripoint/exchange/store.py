"""Messages in and out, in sets: `messages`, `outbox` and its bodies, and `counters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.exchange.packing import unpack
from tripoint.exchange.records import Kept, Packed

sql = Statements.load(__package__)

MARKS = {
    "message_id": pl.Int64(),
    "state": pl.String(),
    "message_type": pl.String(),
    "message_guid": pl.String(),
    "envelope_no": pl.String(),
    "cop_code": pl.String(),
    "dxp_id": pl.String(),
    "papers": pl.Int32(),
    "signature_policy": pl.String(),
    "signature_state": pl.String(),
    "signature_reason": pl.String(),
    "signer_code": pl.String(),
    "refusal_code": pl.String(),
    "refusal_text": pl.String(),
}
"""What is written down of a message once it has been read."""

OUTBOX = {
    "outbox_id": pl.Int64(),
    "recipient_code": pl.String(),
    "message_type": pl.String(),
    "message_guid": pl.String(),
    "answers": pl.Int64(),
    "created_at": pl.Datetime("us", "UTC"),
    "receipts": pl.Int32(),
    "block": pl.Int64(),
    "first_receipt": pl.Int64(),
    "last_receipt": pl.Int64(),
    "statuses": pl.String(),
}
"""An outgoing message without its body: which receipts it carries, in which block they are, and what they tell."""

CLAIMED_AT_ONCE = 1_000
"""Messages looked at by one statement."""

Row = dict[str, Any]


def put(tx: Transaction, messages: Sequence[Packed], at: datetime) -> list[Kept]:
    """Keep messages in this order; the same bytes of the same sender again are the message they were at first."""
    digests = [message.digest for message in messages]
    senders = [message.sender_code for message in messages]
    rows = tx.rows(
        sql.put,
        digests=digests,
        sender_codes=senders,
        channels=[message.channel for message in messages],
        names=[message.name for message in messages],
        packed=[message.packed for message in messages],
        sizes=[message.bytes for message in messages],
        received_at=at,
    )
    found: dict[tuple[str, bytes], Kept] = {}
    if len(rows) < len(messages):
        # Also those that another transaction kept while we were looking: it has ended by now.
        found = {
            (row["sender_code"], row["digest"]): Kept(
                message_id=row["message_id"],
                received_at=row["received_at"],
                state=row["state"],
                is_new=False,
            )
            for row in tx.rows(sql.known, digests=digests, sender_codes=senders)
        }
    new = {(row["sender_code"], row["digest"]): row["message_id"] for row in rows}
    kept = []
    for key in zip(senders, digests, strict=True):
        number = new.pop(key, None)
        kept.append(
            found[key]
            if number is None
            else Kept(message_id=number, received_at=at, state="received", is_new=True)
        )
    return kept


def claim(tx: Transaction, *, most: int, bytes_most: int) -> Sequence[Row]:
    """The oldest messages nobody works on, with their bytes: message_id, sender_code, received_at, raw.

    So many at most, and of `bytes_most` together but for the last of them; one at least where any is free. No other message is
    claimed, so that the next round begins where this one ends.
    """
    chosen: list[int] = []
    after, size = 0, 0
    while len(chosen) < most and size < bytes_most:
        looked_at = min(CLAIMED_AT_ONCE, most - len(chosen))
        oldest = tx.rows(sql.oldest, after=after, most=looked_at)
        fitting = _fitting(oldest, bytes_most - size)
        for row in tx.rows(sql.claim, message_ids=fitting) if fitting else ():
            chosen.append(row["message_id"])
            size += row["bytes"]
        if len(fitting) == len(oldest) < looked_at:
            break
        after = fitting[-1]
    return contents(tx, chosen) if chosen else []


def _fitting(oldest: Sequence[Row], room: int) -> list[int]:
    """The first of some messages, as far as so many bytes reach; the last of them may be larger than what is left."""
    chosen = []
    for row in oldest:
        if room <= 0:
            break
        chosen.append(row["message_id"])
        room -= row["bytes"]
    return chosen


def next_round(tx: Transaction) -> int:
    """The number of a round of work; one that fails has used its own up."""
    return int(tx.value(sql.next_round))


def claim_one(tx: Transaction, message_id: int) -> Row | None:
    """One message that waits and that nobody works on, as `claim` gives it."""
    return contents(tx, [message_id])[0] if tx.rows(sql.claim, message_ids=[message_id]) else None


def contents(tx: Transaction, message_ids: Sequence[int]) -> Sequence[Row]:
    """Messages with their bytes as they came, in order: message_id, sender_code, received_at, raw."""
    rows = tx.blobs(sql.contents, message_ids=list(message_ids))
    for row in rows:
        row["raw"] = unpack(row.pop("packing"), row["raw"])
    return rows


def receive_again(tx: Transaction, code: str) -> int:
    """Let messages wait again that were marked unreadable with this code; how many they are."""
    return tx.run(sql.receive_again, code=code)


def mark(tx: Transaction, marks: pl.DataFrame, at: datetime) -> None:
    """Write down what was made of messages (shape MARKS)."""
    tx.stage("marked_messages", marks)
    tx.run(sql.mark, at=at)
    tx.run(sql.leave, message_ids=marks["message_id"].to_list())


def is_waiting(tx: Transaction) -> bool:
    """Whether any message waits, whoever may be working on it."""
    return bool(tx.value(sql.is_waiting))


def waiting(tx: Transaction) -> Row:
    """How many messages wait, how large they came together, and the oldest's time."""
    row = tx.one(sql.waiting)
    assert row is not None
    return row


def message(tx: Transaction, message_id: int, sender_code: str | None) -> Row | None:
    """One message without its bytes."""
    return tx.one(sql.message, message_id=message_id, sender_code=sender_code)


def messages(
    tx: Transaction,
    *,
    most: int,
    before: int | None = None,
    sender_code: str | None = None,
    state: str | None = None,
    message_type: str | None = None,
) -> Sequence[Row]:
    """Messages, newest first."""
    return tx.rows(
        sql.messages,
        most=most,
        before=before,
        sender_code=sender_code,
        state=state,
        message_type=message_type,
    )


def raw(tx: Transaction, message_id: int, sender_code: str | None) -> bytes | None:
    """The bytes of one message."""
    row = tx.one(sql.raw, message_id=message_id, sender_code=sender_code)
    return None if row is None else unpack(row["packing"], row["raw"])


def outgoing(
    tx: Transaction,
    *,
    after: int,
    most: int,
    recipient_code: str | None = None,
    message_type: str | None = None,
) -> Sequence[Row]:
    """Outgoing messages after a cursor, oldest first, without their bodies."""
    filters = {"after": after, "most": most, "message_type": message_type}
    if recipient_code is None:
        return tx.rows(sql.outgoing, **filters)
    return tx.rows(sql.outgoing_to, recipient_code=recipient_code, **filters)


def outgoing_of(tx: Transaction, outbox_ids: Sequence[int]) -> Sequence[Row]:
    """Outgoing messages by number, in order."""
    return tx.rows(sql.outgoing_of, outbox_ids=list(outbox_ids))


def newest_outgoing(tx: Transaction) -> int:
    """The number of the newest outgoing message, 0 where there is none."""
    return int(tx.value(sql.newest_outgoing))


def send(tx: Transaction, outbox: pl.DataFrame) -> None:
    """Append outgoing messages (shape OUTBOX)."""
    tx.copy("outbox", outbox)


def bodies(tx: Transaction, outbox_ids: Sequence[int]) -> dict[int, bytes]:
    """The bodies of outgoing messages as they are kept, of those that have one."""
    rows = tx.blobs(sql.bodies, outbox_ids=list(outbox_ids))
    return {row["outbox_id"]: bytes(row["body"]) for row in rows}


def bodies_from(
    tx: Transaction, first: int, *, most: int, bytes_most: int, recipient_code: str | None = None
) -> Sequence[Row]:
    """Outgoing messages from a number on, with their bodies as they are kept: outbox_id, recipient_code, body (or None).

    So many at most, and of `bytes_most` together but for the last of them.
    """
    return tx.blobs(
        sql.bodies_from, first=first, most=most, bytes_most=bytes_most, recipient_code=recipient_code
    )


def keep_bodies(tx: Transaction, bodies: Mapping[int, bytes]) -> None:
    """Keep the bodies of messages that have none yet; the first ever kept stays."""
    tx.run(sql.keep_bodies, outbox_ids=list(bodies), bodies=list(bodies.values()))


def next_numbers(tx: Transaction, wanted: Mapping[str, int]) -> dict[str, int]:
    """Take numbers of several scopes at once: for each the first of those taken."""
    if not wanted:
        return {}
    rows = tx.rows(sql.next_numbers, scopes=list(wanted), counts=list(wanted.values()))
    return {row["scope"]: row["last"] - wanted[row["scope"]] + 1 for row in rows}


def standing(tx: Transaction) -> Sequence[Row]:
    """For each state of messages how many there are, with the newest number and time; reads them all."""
    return tx.rows(sql.standing)


def newest(tx: Transaction) -> Row | None:
    """Number and time of the newest message."""
    return tx.one(sql.newest)


def leave_gap(tx: Transaction, gap: int, scopes: Sequence[str]) -> None:
    """Pass over `gap` numbers of every kind, so that none of them is given out again; `scopes` may not exist yet."""
    if not tx.value(sql.is_numbering):
        return
    tx.run(sql.leave_gap, gap=gap)
    tx.run(sql.begin_after_gap, gap=gap, scopes=list(scopes))
    tx.value(sql.leave_gap_in_sequences, gap=gap)
