"""The door of `POST /v1/messages`: the same checks and answers as the router's, without what the router costs.

The router knows the route too (`messages.send`), for the description and for whatever is unusual about a request.
"""

from __future__ import annotations

import os
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tripoint.exchange import desk as exchange
from tripoint.exchange import records
from tripoint.exchange.records import Posted
from tripoint.faces.api import bodies, logs, problems
from tripoint.faces.api.callers import Keys, require_send
from tripoint.faces.api.intake import Intake
from tripoint.faces.api.operations import XML_TYPES
from tripoint.faces.api.watch import Watch

ROUTE = "/v1/messages"

_encoder = msgspec.json.Encoder()


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


class Door:
    """The application, with this one route before it."""

    def __init__(self, app: Litestar, sending: Sending) -> None:
        trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
        self._app: Any = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type]
        self._sending = sending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a message sent in the usual way; hand everything else to the application."""
        if (
            scope["type"] != ScopeType.HTTP
            or scope["path"] != ROUTE
            or scope["method"] != "POST"
            or scope["query_string"]
        ):
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        scope["state"] = logs.numbered(scope)
        try:
            kept = await self._sending.keep(scope, receive)
        except Exception as error:
            status = await _refuse(scope, receive, send, error)
        else:
            status = 202 if kept.is_new else 200
            scope["state"]["message_id"] = kept.message_id
            await _acknowledge(send, status, kept)
        logs.answered("POST", ROUTE, status, perf_counter() - begun, scope["state"])


async def _acknowledge(send: Send, status: int, kept: records.Kept) -> None:
    answer = told(kept)
    headers = [(b"content-type", b"application/json"), (b"location", answer.links.self.encode())]
    await _say(send, status, headers, _encoder.encode(answer))


async def _refuse(scope: HTTPScope, receive: Receive, send: Send, error: Exception) -> int:
    """Answer with the problem document of the one table; its status."""
    response = problems.answer_to(Request(scope, receive, send), error)
    status = response.status_code or 500
    said = response.headers | {"Content-Type": problems.MEDIA_TYPE}
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in said.items()]
    await _say(send, status, headers, response.content)
    return status


async def _say(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
