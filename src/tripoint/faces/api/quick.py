"""Requests answered within the connection itself: messages sent, and bodies at hand, where nothing about them is unusual.

A task, a scope and the framework's own messages cost more than keeping a message does. What is only begun here can at any
moment be handed over to the application with the bytes that have come; whatever is refused is refused there.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, Protocol

from litestar import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from tripoint.faces.api import logs
from tripoint.faces.api.headers import Headers


class Line(Protocol):
    """What a quick request needs of its connection."""

    transport: asyncio.Transport
    scope: Any
    server_state: Any

    def on_response_complete(self) -> None:
        """Go on with the connection."""


class Nobody:
    """Who waits for what uvicorn tells a cycle."""

    def set(self) -> None:
        """Something has come."""


class Quick:
    """A request as uvicorn's connection knows its cycles, without a task; `Posting` and `Giving` answer one.

    The connection holds its last request while it is idle: one that is answered holds neither the connection nor a body.
    """

    method = route = ""
    """As they are counted and logged."""

    message_event = Nobody()
    response_started = False
    """An answer is written whole."""

    def __init__(self, line: Line, key_id: str) -> None:
        self._line = line
        self._scope = line.scope
        self._begun = perf_counter()
        self.state = logs.numbered(line.scope)
        self.state["key_id"] = key_id
        self.response_complete = self.disconnected = False
        self.keep_alive = self.more_body = True

    def take(self, piece: bytes) -> bool:  # noqa: ARG002
        """A piece of the body; False where the application must go on with it."""
        return False

    def end(self) -> bool:
        """The request is whole; False where the application must go on with it."""
        raise NotImplementedError

    def let_go(self) -> bytes:
        """What has come of the body, which is no longer held here."""
        return b""

    def request(self) -> Request[Any, Any, Any]:
        """The request as problem documents know it."""
        more = {
            "method": self.method,
            "path": self.route,
            "raw_path": self.route.encode(),
            "query_string": b"",
        }
        return Request(self._scope | more)

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Write the answer, count and log it, and let the connection go on."""
        line = self._line
        del self._line
        self.response_complete = True
        if not line.transport.is_closing():
            head = [STATUS_LINE[status]]
            for name, value in (*line.server_state.default_headers, *headers):
                head += (name, b": ", value, b"\r\n")
            if not self.keep_alive:
                head.append(b"connection: close\r\n")
            head += (b"content-length: %d\r\n\r\n" % len(body), body)
            line.transport.write(b"".join(head))
            if not self.keep_alive:
                line.transport.close()
        line.on_response_complete()
        logs.answered(self.method, self.route, status, perf_counter() - self._begun, self.state)
