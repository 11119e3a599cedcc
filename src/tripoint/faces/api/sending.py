"""Keeping a message that is sent: whether any can be kept now, who may send, what is taken, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

from tripoint.exchange import desk as exchange
from tripoint.exchange import records
from tripoint.exchange.records import Posted
from tripoint.faces.api import bodies, problems
from tripoint.faces.api.callers import Keys, require_send
from tripoint.faces.api.headers import Headers, only
from tripoint.faces.api.intake import Intake
from tripoint.faces.api.operations import XML_TYPES
from tripoint.faces.api.quick import Line, Quick
from tripoint.faces.api.watch import Watch
from tripoint.kernel.refusals import Refusal
from tripoint.registers.access.records import Principal

MESSAGES_ROUTE = "/v1/messages"

_encode = msgspec.json.Encoder().encode


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


def acknowledged(kept: records.Kept) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the answer to a message that has been kept."""
    answer = told(kept)
    headers = [(b"content-type", b"application/json"), (b"location", answer.links.self.encode())]
    return 202 if kept.is_new else 200, headers, _encode(answer)


class Posting(Quick):
    """A message sent by somebody who may, in the usual way."""

    method, route = "POST", MESSAGES_ROUTE

    def __init__(self, line: Line, key_id: str, sender_code: str, intake: Intake) -> None:
        super().__init__(line, key_id)
        self._sender_code = sender_code
        self._intake = intake
        self._pieces: list[bytes] = []
        self._held = bodies.Held(bodies.ALLOWANCE)

    def take(self, piece: bytes) -> bool:
        """Hold a piece, as far as all requests together may."""
        self._pieces.append(piece)
        return self._held.may_take(len(piece))

    def end(self) -> bool:
        """Have the message kept, if it is one."""
        raw = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        try:
            exchange.refuse(raw)
        except Refusal:
            return False
        self._pieces.clear()
        posted = Posted(raw=raw, sender_code=self._sender_code, channel="api")
        self._intake.put(posted).add_done_callback(self._settled)
        return True

    def let_go(self) -> bytes:
        """Give back what is held."""
        self._held.give_back()
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def _settled(self, future: asyncio.Future[records.Kept]) -> None:
        self._held.give_back()
        error = future.exception()
        if error is None:
            kept = future.result()
            self.state["message_id"] = kept.message_id
            self.answer(*acknowledged(kept))
        elif isinstance(error, Exception):
            self.answer(*problems.wired(self.request(), error))


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
        principal = await self._keys.principal(only(scope["headers"], b"authorization"))
        scope["state"]["key_id"] = principal.key_id
        sender_code = sender(principal, said)
        with bodies.holding() as held:
            claimed = said.get(b"content-length", b"").decode("latin-1")
            raw = await bodies.read(receive, claimed, exchange.BYTES_MAX, held)
            exchange.refuse(raw)
            return await self._intake.keep(Posted(raw=raw, sender_code=sender_code, channel="api"))

    def begin(self, line: Line, said: Mapping[bytes, bytes]) -> Posting | None:
        """Take a message in within its connection; None where anything about the request is unusual or must be refused."""
        principal = self._keys.known(said.get(b"authorization", b""))
        length = said.get(b"content-length", b"")
        if principal is None or not length.isdigit() or len(length) > 8 or int(length) > exchange.BYTES_MAX:
            return None
        try:
            self._watch.refuse()
            sender_code = sender(principal, said)
        except (Refusal, HTTPException):
            return None
        return Posting(line, principal.key_id, sender_code, self._intake)


def sender(principal: Principal, said: Mapping[bytes, bytes]) -> str:
    """The code a message is kept under; raises Forbidden, and HTTPException 415 for what is no message by its headers."""
    sender_code = require_send(principal)
    kind, coding = said.get(b"content-type", b""), said.get(b"content-encoding", b"identity")
    refuse_kind(kind.decode("latin-1"), coding.decode("latin-1"))
    return sender_code


def refuse_kind(kind: str, coding: str) -> None:
    """Raises 415 where a body is neither XML nor plain bytes, or is compressed; both as the headers say."""
    named = kind.partition(";")[0].strip().lower()
    if named not in XML_TYPES or coding.strip().lower() != "identity":
        raise HTTPException(status_code=415, headers={"Accept": ", ".join(XML_TYPES)})
