"""What has gone out, in order and a page at a time, and the names its files have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tripoint.faces.cli.paging import PAGE_MOST
from tripoint.platforms.clearance.answers import desk as answers

if TYPE_CHECKING:
    from tripoint.app import Engine

PAGE = 100
"""Outgoing messages written in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which receipts are asked for; None asks for any."""

    recipient_code: str | None = None
    order_no: str | None = None
    message_type: str | None = None
    return_status: str | None = None

    def receipts(self, engine: Engine, after: int, most: int) -> list[dict[str, Any]]:
        """A page of them, oldest first."""
        with engine.transaction() as tx:
            return answers.receipts(
                tx,
                recipient_code=self.recipient_code,
                order_no=self.order_no,
                message_type=self.message_type,
                return_status=self.return_status,
                after=after,
                most=most,
            )


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


def carrying(engine: Engine, wanted: Wanted, after: int) -> Iterator[answers.Outgoing]:
    """The messages after a cursor, in order, that carry at least one of the receipts asked for."""
    if wanted == Wanted(recipient_code=wanted.recipient_code):
        yield from outgoing(engine, after, wanted.recipient_code)
        return
    for number in sorted(number for number in _carriers(engine, wanted) if number > after):
        with engine.transaction() as tx:
            found = answers.outgoing(
                tx, recipient_code=wanted.recipient_code, after=number - 1, most=1, seal=engine.seal
            )
        yield from found


def _carriers(engine: Engine, wanted: Wanted) -> set[int]:
    """The numbers of all messages that carry receipts asked for."""
    numbers: set[int] = set()
    seen = 0
    while True:
        page = wanted.receipts(engine, seen, PAGE_MOST)
        numbers |= {row["outbox_id"] for row in page}
        if len(page) < PAGE_MOST:
            return numbers
        seen = page[-1]["receipt_id"]


def file_name(message: answers.Outgoing) -> str:
    """The name of an outgoing message's file: its type, its number, its guid."""
    return f"{message.message_type}_{message.outbox_id:010d}_{message.message_guid}.xml"
