"""What the post office does for whoever comes: keep a message, say what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tripoint.database import Transaction
from tripoint.exchange import store
from tripoint.kernel.refusals import Malformed, TooLarge, Unknown

BYTES_MAX = 20 * 1024 * 1024
"""The largest message taken (bytes); 100 papers of 99 lines stay far below."""


def post(
    tx: Transaction, raw: bytes, *, sender_code: str, channel: str, name: str, at: datetime
) -> dict[str, Any]:
    """Keep a message once; message_id, received_at, state, is_new. Raises Malformed (empty) and TooLarge."""
    if not raw.strip():
        raise Malformed("MESSAGE-EMPTY", "报文为空", "the message is empty")
    if len(raw) > BYTES_MAX:
        raise TooLarge(
            "MESSAGE-TOO-LARGE",
            f"报文超过 {BYTES_MAX} 字节",
            f"the message is larger than {BYTES_MAX} bytes",
        )
    return store.put(tx, raw=raw, sender_code=sender_code, channel=channel, name=name, at=at)


def message(tx: Transaction, message_id: int, sender_code: str | None) -> dict[str, Any]:
    """What became of a message; raises Unknown, also for another enterprise's."""
    row = store.message(tx, message_id, sender_code)
    if row is None:
        raise Unknown("MESSAGE-UNKNOWN", f"没有报文 {message_id}", f"there is no message {message_id}")
    return row


def newest_outgoing(tx: Transaction) -> int:
    """The cursor after everything that has gone out so far."""
    return store.newest_outgoing(tx)
