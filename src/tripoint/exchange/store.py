"""Messages in and out, in sets; the only statements that touch `messages`, `outbox` and `counters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction

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
}
"""An outgoing message, before its body is written."""

CLAIM_BYTES = 64 * 1024 * 1024
"""What the messages of one round hold together, but for the last of them: their trees are in memory beside them."""

Row = dict[str, Any]


def put(tx: Transaction, *, raw: bytes, sender_code: str, channel: str, name: str, at: datetime) -> Row:
    """Keep a message: message_id, received_at, state, is_new; the same bytes again give the first number."""
    row = tx.one(sql.put, raw=raw, sender_code=sender_code, channel=channel, name=name, received_at=at)
    if row is None:  # another transaction kept the same bytes between our two looks
        row = tx.one(sql.put, raw=raw, sender_code=sender_code, channel=channel, name=name, received_at=at)
    assert row is not None
    return row


def claim(tx: Transaction, *, most: int) -> Sequence[Row]:
    """The oldest messages nobody works on: message_id, sender_code, received_at, raw; of `CLAIM_BYTES` or a little more."""
    return tx.rows(sql.claim, most=most, bytes_most=CLAIM_BYTES)


def claim_one(tx: Transaction, message_id: int) -> Row | None:
    """One message that waits and that nobody works on, as `claim` gives it."""
    return tx.one(sql.claim_one, message_id=message_id)


def receive_again(tx: Transaction, code: str) -> int:
    """Let messages wait again that were marked unreadable with this code; how many they are."""
    return tx.run(sql.receive_again, code=code)


def mark(tx: Transaction, marks: pl.DataFrame, at: datetime) -> None:
    """Write down what was made of messages (shape MARKS)."""
    tx.stage("marked_messages", marks)
    tx.run(sql.mark, at=at)


def waiting(tx: Transaction) -> Row:
    """How many messages wait, and the oldest's time."""
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
    value = tx.value(sql.raw, message_id=message_id, sender_code=sender_code)
    return None if value is None else bytes(value)


def outgoing(
    tx: Transaction,
    *,
    after: int,
    most: int,
    recipient_code: str | None = None,
    message_type: str | None = None,
    answers: int | None = None,
) -> Sequence[Row]:
    """Outgoing messages after a cursor, oldest first."""
    return tx.rows(
        sql.outgoing,
        after=after,
        most=most,
        recipient_code=recipient_code,
        message_type=message_type,
        answers=answers,
    )


def newest_outgoing(tx: Transaction) -> int:
    """The number of the newest outgoing message, 0 where there is none."""
    return int(tx.value(sql.newest_outgoing))


def send(tx: Transaction, outbox: pl.DataFrame) -> None:
    """Append outgoing messages (shape OUTBOX)."""
    tx.copy("outbox", outbox)


def keep_bodies(tx: Transaction, bodies: Mapping[int, bytes]) -> None:
    """Keep written bodies, by outbox_id."""
    frame = pl.DataFrame(
        {"outbox_id": list(bodies), "body": list(bodies.values())},
        schema={"outbox_id": pl.Int64(), "body": pl.Binary()},
    )
    tx.stage("written_bodies", frame)
    tx.run(sql.keep_bodies)


def next_numbers(tx: Transaction, wanted: Mapping[str, int]) -> dict[str, int]:
    """Take numbers of several scopes at once: for each the first of those taken."""
    frame = pl.DataFrame(
        {"scope": list(wanted), "n": list(wanted.values())}, schema={"scope": pl.String(), "n": pl.Int64()}
    )
    tx.stage("wanted_numbers", frame)
    return {row["scope"]: row["last"] - wanted[row["scope"]] + 1 for row in tx.rows(sql.next_numbers)}
