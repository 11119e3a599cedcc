"""Connections as the server holds them: limits on what one may say, how slowly, and how it ends.

uvicorn waits for ever for the head of a request and takes as many as come; here a connection that has not said a whole head
in time is answered with 408 and closed, and so is one that reads its answer too slowly. Thousands of idle ones cost memory
and no more.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sized
from typing import Any, cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tripoint.faces.api.door import Door
from tripoint.faces.api.leaving import Transport
from tripoint.faces.api.quick import Quick
from tripoint.faces.api.unread import MALFORMED, TOO_LONG, TOO_SLOW, UNKNOWN_CODING, Unreadable

HEAD_SECONDS_MAX = 20
"""A new connection has this long to say the head of its first request, and a begun head this long to end."""

IDLE_SECONDS_MAX = 75
"""So long a connection may say nothing between two requests, and so long the rest of a body may come after its answer."""

HEAD_BYTES_MAX = 64 * 1024
"""A head that is longer, with the trailers of its body, is not read on."""

ANSWER_SECONDS_MAX = 60
"""So long a client may take nothing of an answer that is ready for it."""

QUEUED_MOST = 100
"""Requests that may wait for the answer of one before them; what is said beyond is not read."""

QUICK_SECONDS_MAX = 1.0
"""A body that takes longer is read by the application, within its limits (`bodies`)."""


def allow_connections() -> int:
    """Let this process hold as many connections as the system allows it; how many files that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Flow(FlowControl):
    """Reading goes on only once nobody waits for an answer behind another: the queue is as long as one reading makes it."""

    def __init__(self, transport: asyncio.Transport, queue: Sized) -> None:
        super().__init__(transport)
        self._queue = queue

    def resume_reading(self) -> None:
        """Go on, unless requests wait."""
        if not self._queue:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """One connection, with what uvicorn does not limit."""

    _head: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None
    _body: asyncio.TimerHandle | None = None
    _quick: Quick | None = None
    _running: Any = None
    """The cycle that is being answered, or was last; `cycle` is the newest."""
    _in_head = True
    _head_bytes = 0
    _unheard = 0
    """Bytes that came since the parser last told anything."""
    _outgoing: Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first head its time."""
        self._outgoing = Transport(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self._outgoing))
        self.flow = Flow(self.transport, self.pipeline)
        self._head = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every limit, and tell whoever is at work on an answer."""
        self._forget()
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client says nothing more, and may be waiting for what it asked."""
        self._stop(b"", is_heard=True)
        return not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Read, as far as there is something to be read."""
        if self._outgoing.is_deaf:
            return
        self._unheard += len(data)
        try:
            self._read(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._stop(cause.answer if isinstance(cause, Unreadable) else MALFORMED)
        if self._unheard > HEAD_BYTES_MAX:
            self._stop(TOO_LONG)
        if self._quick is not None and self._body is None:
            self._body = self.loop.call_later(QUICK_SECONDS_MAX, self._linger)

    def _read(self, data: bytes) -> None:
        """Parse; a request that offers another protocol is read once more without its offer, which nobody has to take."""
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
            head = self._plain_head()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)

    def _plain_head(self) -> bytes:
        """The head just read, without the offer of another protocol."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserError("this is no proxy")
        said = [b"%s: %s\r\n" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(said))

    def on_message_begin(self) -> None:
        """A head begins, and has its time."""
        super().on_message_begin()
        self._head_bytes = 0
        self._unset_keepalive_if_required()
        if self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of a head; one of a trailer says nothing to anybody."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > HEAD_BYTES_MAX:
            raise Unreadable(TOO_LONG)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there, so the connection is not idle: a quick answer may have been given in the same breath."""
        if self.parser.should_upgrade():
            return
        if self._head_bytes + len(self.url) > HEAD_BYTES_MAX:
            raise Unreadable(TOO_LONG)
        self._quick = self._begun_quickly()
        if self._quick is None:
            self._refuse_strange()
            super().on_headers_complete()
        self._unset_keepalive_if_required()
        self._in_head = self._outgoing.is_heard = False
        self._unheard = 0
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._unheard = 0
        if self._quick is None:
            super().on_body(body)
        elif not self._quick.take(body):
            self._hand_over()

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        if self._in_head:  # it was broken off, to be read once more
            return
        self._in_head = self._outgoing.is_heard = True
        self._unheard = 0
        quick, self._quick = self._quick, None
        self._no_longer_linger()
        if quick is not None and not quick.end():
            self._quick = quick
            self._hand_over()
            quick = None
        if quick is None:
            super().on_message_complete()
            if self.cycle.response_complete:
                self._rest()

    def _refuse_strange(self) -> None:
        """Raises Unreadable for a body in a coding that nobody here undoes, and for one request too many at once."""
        if len(self.pipeline) >= QUEUED_MOST:
            raise Unreadable(b"")
        for name, value in self.headers:
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                raise Unreadable(UNKNOWN_CODING)

    def _rest(self) -> None:
        """The rest of an answered request has come: from now on the connection is idle."""
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _begun_quickly(self) -> Quick | None:
        """The request of a head as one that is answered here, if it is such; it takes the place of uvicorn's cycle."""
        cycle: Any = self.cycle
        if (cycle is not None and not cycle.response_complete) or self.flow.write_paused:
            return None
        parser, app = self.parser, self.app
        if not isinstance(app, Door) or self.expect_100_continue or parser.get_http_version() != "1.1":
            return None
        if not parser.should_keep_alive():
            return None
        quick = app.begin(self, parser.get_method(), self.url, self.headers)
        if quick is not None:
            self._running = self.cycle = cast(Any, quick)
        return quick

    def _hand_over(self) -> None:
        """Let the application go on with a request that was begun here, from what has come of it."""
        quick, self._quick = self._quick, None
        assert quick is not None
        self._no_longer_linger()
        body = quick.let_go()
        self.cycle = cast(Any, None)
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and quick.keep_alive
        if body:
            super().on_body(body)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

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
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        super().resume_writing()

    def _wait_for_reader(self) -> None:
        left = self._outgoing.untaken()
        self._answer = self.loop.call_later(ANSWER_SECONDS_MAX, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        """A client that has taken something of its answer has more time."""
        if self._outgoing.untaken() < before:
            self._wait_for_reader()
        else:
            self._outgoing.abort()

    def _forget(self) -> None:
        for limit in (self._head, self._answer, self._body):
            if limit is not None:
                limit.cancel()
        self._head = self._answer = self._body = None
        self._unset_keepalive_if_required()
        if self._quick is not None:
            self._quick.let_go()
            self._quick = None

    def _too_slow(self) -> None:
        """A head has not come in time; while nothing is read, its client is not to blame."""
        self._head = None
        if self.flow.read_paused:
            self._head = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)
        else:
            self._stop(TOO_SLOW)

    def _stop(self, answer: bytes, *, is_heard: bool = False) -> None:
        """Read nothing more: requests that have come whole are answered, and the last answer ends the connection.

        Where there are none, `answer` is the last.
        """
        outgoing = self._outgoing
        outgoing.is_heard = is_heard
        if outgoing.is_deaf or outgoing.is_closing():
            return
        outgoing.is_deaf = True
        if self._head is not None:
            self._head.cancel()
            self._head = None
        if not self._in_head and self.pipeline:  # the newest will never be whole, and waits behind others
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running
            self._in_head = True
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn declares
        if self._in_head and cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            return
        if not self._in_head:
            answer = b"" if cycle.response_started or cycle.response_complete else answer
            cycle.disconnected = True
            cycle.message_event.set()
        outgoing.write(answer)
        outgoing.close()
