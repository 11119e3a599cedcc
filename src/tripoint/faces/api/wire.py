"""Connections as the server holds them: limits on how long one may say nothing, and what is said to who is too slow.

uvicorn waits for ever for the head of a request; here a connection that has not said a whole head in time is answered
with 408 and closed, and so is one that reads its answer too slowly. Thousands of idle ones cost memory and no more.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tripoint.faces.api.door import Door
from tripoint.faces.api.problems import MEDIA_TYPE, ROUTING, TITLES
from tripoint.faces.api.quick import Quick

HEAD_SECONDS_MAX = 20
"""A new connection has this long to say the head of its first request, and a begun head this long to end."""

IDLE_SECONDS_MAX = 75
"""So long a connection may say nothing between two requests."""

HEAD_BYTES_MAX = 64 * 1024
"""A head that is longer is not read on."""

ANSWER_SECONDS_MAX = 60
"""So long a client may take nothing of an answer that is ready for it."""


QUICK_SECONDS_MAX = 1.0
"""A body that takes longer is read by the application, within its limits (`bodies`)."""


def allow_connections() -> int:
    """Let this process hold as many connections as the system allows it; how many files that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Connection(HttpToolsProtocol):
    """One connection, with what uvicorn does not limit."""

    _head: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None
    _body: asyncio.TimerHandle | None = None
    _quick: Quick | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first head its time."""
        super().connection_made(transport)
        self._head = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every limit."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head, and give a begun head its time."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head is None:
                self._head = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)
            super().data_received(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._too_slow()
        else:
            super().data_received(data)
        if self._quick is not None and self._body is None:
            self._body = self.loop.call_later(QUICK_SECONDS_MAX, self._linger)

    def on_headers_complete(self) -> None:
        """The head is there, so the connection is not idle: a quick answer may have been given in the same breath."""
        self._unset_keepalive_if_required()
        self._in_head, self._head_bytes = False, 0
        if self._head is not None:
            self._head.cancel()
            self._head = None
        self._quick = self._begun_quickly()
        if self._quick is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        if self._quick is None:
            super().on_body(body)
        elif not self._quick.take(body):
            self._hand_over()

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        self._in_head = True
        quick, self._quick = self._quick, None
        self._no_longer_linger()
        if quick is not None and not quick.end():
            self._quick = quick
            self._hand_over()
            quick = None
        if quick is None:
            super().on_message_complete()

    def _begun_quickly(self) -> Quick | None:
        """The request of a head as one that is answered here, if it is such; it takes the place of uvicorn's cycle."""
        cycle: Any = self.cycle
        if (cycle is not None and not cycle.response_complete) or self.flow.write_paused:
            return None
        parser, app = self.parser, self.app
        if not isinstance(app, Door) or self.expect_100_continue or parser.get_http_version() != "1.1":
            return None
        if not parser.should_keep_alive() or parser.should_upgrade():
            return None
        quick = app.begin(self, parser.get_method(), self.url, self.headers)
        if quick is not None:
            self.cycle = cast(Any, quick)
        return quick

    def _hand_over(self) -> None:
        """Let the application go on with a request that was begun here, from what has come of it."""
        quick, self._quick = self._quick, None
        assert quick is not None
        self._no_longer_linger()
        body = quick.let_go()
        self.cycle = cast(Any, None)
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _no_longer_linger(self) -> None:
        if self._body is not None:
            self._body.cancel()
            self._body = None

    def _linger(self) -> None:
        """The rest of a body takes its time, which the application limits."""
        self._body = None
        if self._quick is not None and not self.transport.is_closing():
            self._hand_over()

    def pause_writing(self) -> None:
        """The client reads too slowly: give it its time."""
        super().pause_writing()
        self._answer = self.loop.call_later(ANSWER_SECONDS_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        super().resume_writing()

    def _forget(self) -> None:
        for limit in (self._head, self._answer, self._body):
            if limit is not None:
                limit.cancel()
        self._head = self._answer = self._body = None
        if self._quick is not None:
            self._quick.let_go()
            self._quick = None

    def _too_slow(self) -> None:
        """Answer 408 and close; in the middle of an answer of another request just close."""
        self._head = None
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn declares
        if cycle is None or cycle.response_complete:
            self.transport.write(_TOO_SLOW)
        self.transport.close()


def _too_slow() -> bytes:
    """A whole answer, in English: nobody knows yet what the caller reads."""
    code, text = ROUTING[408]
    problem: dict[str, Any] = {
        "type": f"urn:tripoint:problem:{code.lower()}",
        "title": TITLES[408].en,
        "status": 408,
        "detail": text.en,
        "code": code,
        "texts": {"zh": text.zh, "en": text.en},
    }
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 408 Request Timeout\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


_TOO_SLOW = _too_slow()
