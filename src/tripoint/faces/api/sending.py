"""Keeping a message that is sent: whether any can be kept now, who may send, what is taken, and what is told of it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

from tripoint.exchange import desk as exchange
from tripoint.exchange import records
from tripoint.exchange.records import Posted
from tripoint.faces.api import bodies
from tripoint.faces.api.callers import Keys, require_send
from tripoint.faces.api.intake import Intake
from tripoint.faces.api.operations import XML_TYPES
from tripoint.faces.api.watch import Watch


class MessageLinks(msgspec.Struct):
    """Where to ask on."""

    self: str
    raw: str
    receipts: str


class Kept(msgspec.Struct):
    """A message that has been kept; `is_new` is false where the same bytes had come before."""

    message_id: int
    received_at: datetime
    state: str
    is_new: bool
    links: MessageLinks


def links(message_id: int) -> MessageLinks:
    """Where a message and its answers are."""
    return MessageLinks(
        self=f"/v1/messages/{message_id}",
        raw=f"/v1/messages/{message_id}/raw",
        receipts=f"/v1/receipts?message={message_id}",
    )


def told(kept: records.Kept) -> Kept:
    """What a caller is told of a message that has been kept."""
    return Kept(
        message_id=kept.message_id,
        received_at=kept.received_at,
        state=kept.state,
        is_new=kept.is_new,
        links=links(kept.message_id),
    )


class Sending:
    """What it takes to keep a message: whether any can be kept now, who may send, and the intake."""

    def __init__(self, keys: Keys, intake: Intake, watch: Watch) -> None:
        self._keys = keys
        self._intake = intake
        self._watch = watch

    async def keep(self, scope: HTTPScope, receive: Receive) -> records.Kept:
        """Keep the body of a request as a message; raises what refuses it."""
        self._watch.refuse()
        said = dict(scope["headers"])
        principal = await self._keys.principal(said.get(b"authorization", b"").decode("latin-1"))
        scope["state"]["key_id"] = principal.key_id
        sender_code = require_send(principal)
        kind, coding = said.get(b"content-type", b""), said.get(b"content-encoding", b"identity")
        refuse_kind(kind.decode("latin-1"), coding.decode("latin-1"))
        with bodies.holding() as held:
            claimed = said.get(b"content-length", b"").decode("latin-1")
            raw = await bodies.read(receive, claimed, exchange.BYTES_MAX, held)
            exchange.refuse(raw)
            return await self._intake.keep(Posted(raw=raw, sender_code=sender_code, channel="api"))


def refuse_kind(kind: str, coding: str) -> None:
    """Raises 415 where a body is neither XML nor plain bytes, or is compressed; both as the headers say."""
    named = kind.partition(";")[0].strip().lower()
    if named not in XML_TYPES or coding.strip().lower() != "identity":
        raise HTTPException(status_code=415, headers={"Accept": ", ".join(XML_TYPES)})
