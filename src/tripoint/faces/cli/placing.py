"""What has gone out, in order and a page at a time, and the names its files have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tripoint.platforms.clearance.answers import desk as answers

if TYPE_CHECKING:
    from tripoint.app import Engine

PAGE = 100
"""Outgoing messages written in one transaction."""


def outgoing(engine: Engine, after: int, recipient_code: str | None = None) -> Iterator[answers.Outgoing]:
    """Everything that has gone out after a cursor, in order, in bounded memory."""
    while True:
        with engine.transaction() as tx:
            page = answers.outgoing(
                tx, recipient_code=recipient_code, after=after, most=PAGE, seal=engine.seal
            )
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].outbox_id


def file_name(message: answers.Outgoing) -> str:
    """The name of an outgoing message's file: its type, its number, its guid."""
    return f"{message.message_type}_{message.outbox_id:010d}_{message.message_guid}.xml"
