"""A lean HTTP/1.1 connection for the client of a rush: kept open, questions asked together; asyncio and httptools."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import httptools
import zstandard

ANSWER_SECONDS = 120

_unpacker = zstandard.ZstdDecompressor()


@dataclass(slots=True)
class Answer:
    """What came back; names of headers in small letters."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""

    @property
    def retry_seconds(self) -> float:
        """How long the server wants to be left alone."""
        try:
            return float(self.headers.get(b"retry-after", b"1"))
        except ValueError:
            return 1.0


class _Line(asyncio.Protocol):
    """The connection's bytes, made into one answer after another."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[list[Answer]] | None = None
        self.wanted = 0
        self._told: list[Answer] = []
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._pieces: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is open."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        self.transport = None
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionResetError(str(exc or "closed by the server")))

    def data_received(self, data: bytes) -> None:
        """Some bytes of an answer."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._answer, self._pieces = Answer(), []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of it."""
        self._answer.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._answer.status = self._parser.get_status_code()
        body = b"".join(self._pieces)
        if self._answer.headers.get(b"content-encoding") == b"zstd":
            body = _unpacker.decompress(body)
        self._answer.body = body
        self._told.append(self._answer)
        if len(self._told) == self.wanted and self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(self._told)
            self._told = []


class Connection:
    """A connection to one server, opened when first needed and again after it was lost."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._host, self._port = parts.hostname, parts.port or 80
        self._line: _Line | None = None
        self.lost = 0
        """How often an open connection was lost."""

    async def ask(self, key: str, paths: Sequence[str]) -> list[Answer]:
        """GET some paths, all asked for at once; raises OSError where the connection fails or says nothing for long."""
        heads = b"".join([self._head("GET", key, path, "Accept-Encoding: zstd\r\n") for path in paths])
        return await self._exchange(heads, b"", len(paths))

    async def send(self, key: str, path: str, body: bytes) -> Answer:
        """POST a message; raises OSError likewise."""
        head = self._head(
            "POST", key, path, f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        )
        (answer,) = await self._exchange(head, body, 1)
        return answer

    def close(self) -> None:
        """Let go of it."""
        if self._line is not None and self._line.transport is not None:
            self._line.transport.close()
        self._line = None

    def _head(self, method: str, key: str, path: str, more: str = "") -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer {key}\r\nAccept-Language: en\r\n{more}\r\n"
        ).encode()

    async def _exchange(self, head: bytes, body: bytes, wanted: int) -> list[Answer]:
        loop = asyncio.get_running_loop()
        if self._line is None or self._line.transport is None:
            _, self._line = await loop.create_connection(_Line, self._host, self._port)
        line = self._line
        assert line.transport is not None
        line.waiting, line.wanted = loop.create_future(), wanted
        line.transport.write(head)
        if body:
            line.transport.write(body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await line.waiting
        except OSError:
            self.lost += 1
            self.close()
            raise
