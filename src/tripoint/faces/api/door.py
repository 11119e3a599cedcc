"""The door before the router: messages sent and fetched in the usual way, answered as the router does, without its cost.

The router knows these routes too (`messages.send`, `receipts.outbox`, `receipts.body`), for the description and for whatever
is unusual about a request; both call the same functions.
"""

from __future__ import annotations

import os
import re
from time import perf_counter
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tripoint.faces.api import logs, problems
from tripoint.faces.api.fetching import BODY_ROUTE, OUTBOX_ROUTE, Fetching
from tripoint.faces.api.headers import Headers
from tripoint.faces.api.quick import Line, Quick
from tripoint.faces.api.sending import MESSAGES_ROUTE, Sending, acknowledged

BODIES = "/v1/outbox/"
"""The address of a body is its number after this."""

_encode = msgspec.json.Encoder().encode
_usual = re.compile(rb"after=([0-9]{1,18})(?:&limit=([1-9][0-9]{0,2}|1000))?").fullmatch
_MESSAGES = MESSAGES_ROUTE.encode()
_JSON = (b"content-type", b"application/json")


class Door:
    """The application, with these routes before it."""

    def __init__(self, app: Litestar, sending: Sending, fetching: Fetching) -> None:
        trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
        self._app: Any = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type]
        self._sending = sending
        self._fetching = fetching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked in the usual way; hand everything else to the application."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # as GET is answered; the connection keeps the body back
            scope = {**scope, "method": "GET"}
        method, path, query = scope["method"], scope["path"], scope["query_string"]
        if method == "POST" and path == MESSAGES_ROUTE and not query:
            route, answer = path, self._keep(scope, receive)
        elif method == "GET" and path == OUTBOX_ROUTE and (asked := _usual(query)):
            route, answer = path, self._page(scope, int(asked[1]), int(asked[2] or 100))
        elif method == "GET" and not query and (number := _number(path)):
            route, answer = BODY_ROUTE, self._body(scope, number)
        else:
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        scope["state"] = logs.numbered(scope)
        try:
            status, headers, body = await answer
        except Exception as error:
            status, headers, body = problems.wired(Request(scope, receive, send), error)
        sized = [*headers, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": sized})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        logs.answered(method, route, status, perf_counter() - begun, scope["state"])

    def begin(self, line: Line, method: bytes, address: bytes, headers: Headers) -> Quick | None:
        """Take a request on within its connection, which needs no task; None where that cannot be."""
        said = dict(headers)
        if len(said) != len(headers):
            return None
        if method == b"POST" and address == _MESSAGES:
            return self._sending.begin(line, said)
        if method == b"GET" and (number := _number(address.decode("latin-1"))):
            return self._fetching.begin(line, number, said)
        return None

    async def _keep(self, scope: HTTPScope, receive: Receive) -> tuple[int, Headers, bytes]:
        kept = await self._sending.keep(scope, receive)
        scope["state"]["message_id"] = kept.message_id
        return acknowledged(kept)

    async def _page(self, scope: HTTPScope, after: int, limit: int) -> tuple[int, Headers, bytes]:
        caller = await self._fetching.caller(scope)
        return 200, [_JSON], _encode(await self._fetching.page(caller, after, limit))

    async def _body(self, scope: HTTPScope, number: int) -> tuple[int, Headers, bytes]:
        caller = await self._fetching.caller(scope)
        accepted = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        given = await self._fetching.body(caller, number, accepted)
        return 200, given.wired(), given.content


def _number(path: str) -> int:
    """The number of the body that a path is the address of; 0 where it is none, or a strange one."""
    text = path[len(BODIES) :] if path.startswith(BODIES) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
