"""What the post office does for whoever comes: keep a message, say what became of it, hand messages out round by round.

Rounds of all processes read side by side, and decide in the order in which they took their messages. A round takes its messages
and a number while nobody else does, and holds that number until it decides; who has the next one waits for it before deciding. A
round that ends otherwise, also by the death of its process, holds nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tripoint.database import Transaction
from tripoint.exchange import store
from tripoint.exchange.records import Kept, Packed
from tripoint.kernel.refusals import Malformed, TooLarge, Unknown

BYTES_MAX = 20 * 1024 * 1024
"""The largest message taken (bytes); 100 papers of 99 lines stay far below."""

_TAKING = "messages are taken"
_ROUND = "round/{}"


def refuse(raw: bytes) -> None:
    """Raises Malformed (empty) and TooLarge for what is no message to keep."""
    if not raw or raw.isspace():
        raise Malformed("MESSAGE-EMPTY", "报文为空", "the message is empty")
    if len(raw) > BYTES_MAX:
        raise too_large(BYTES_MAX)


def too_large(most: int) -> TooLarge:
    """The refusal of a message beyond so many bytes."""
    return TooLarge("MESSAGE-TOO-LARGE", f"报文超过 {most} 字节", f"the message is larger than {most} bytes")


def keep(tx: Transaction, messages: Sequence[Packed], *, at: datetime) -> list[Kept]:
    """Keep messages, each once, in this order; what comes back is true when the transaction has been committed."""
    return store.put(tx, messages, at)


def message(tx: Transaction, message_id: int, sender_code: str | None) -> dict[str, Any]:
    """What became of a message; raises Unknown, also for another enterprise's."""
    row = store.message(tx, message_id, sender_code)
    if row is None:
        raise Unknown("MESSAGE-UNKNOWN", f"没有报文 {message_id}", f"there is no message {message_id}")
    return row


def begin_round(tx: Transaction, *, most: int, bytes_most: int) -> tuple[int, Sequence[dict[str, Any]]]:
    """A round's number and its messages, the oldest nobody works on, as `store.claim` gives them; 0 where there are none."""
    tx.hold(_TAKING)
    rows = store.claim(tx, most=most, bytes_most=bytes_most)
    number = store.next_round(tx) if rows else 0
    if rows:
        tx.hold(_ROUND.format(number))
    tx.let_go(_TAKING)
    return number, rows


def wait_for_round_before(tx: Transaction, number: int) -> None:
    """Wait until the round before this one decides, or has ended."""
    before = _ROUND.format(number - 1)
    tx.hold(before)
    tx.let_go(before)


def pass_round_on(tx: Transaction, number: int) -> None:
    """This round decides: the next one may wait for the end of it."""
    tx.let_go(_ROUND.format(number))


def newest_outgoing(tx: Transaction) -> int:
    """The cursor after everything that has gone out so far."""
    return store.newest_outgoing(tx)
