"""Webhook partners as they should not be: they hang, drip, flood, slam the door, or talk for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Manner = Callable[[socket.socket], None]


class Awkward:
    """A partner of one manner on a free port; `calls` are the moments (monotonic) at which it was called."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.calls: list[float] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                called, _ = self._listening.accept()
            except OSError:
                return
            self.calls.append(time.monotonic())
            threading.Thread(target=self._talk, args=(called,), daemon=True).start()

    def _talk(self, called: socket.socket) -> None:
        with contextlib.suppress(OSError), called:
            called.settimeout(60)
            called.recv(65536)
            self._manner(called)


def hangs(called: socket.socket) -> None:
    """Take the request and say nothing."""
    while called.recv(65536):
        pass


def drips(called: socket.socket) -> None:
    """Answer 200, one byte of a header every tenth of a second, without end."""
    called.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        called.sendall(b"a")
        time.sleep(0.1)


def floods(called: socket.socket) -> None:
    """Send headers without end, as fast as they are taken."""
    called.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        called.sendall(b"X-More: " + b"a" * 60_000 + b"\r\n")


def talks_for_ever(called: socket.socket) -> None:
    """Answer 200 with a body that has no end."""
    called.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        called.sendall(b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n")


def fails(called: socket.socket) -> None:
    """Answer 500."""
    called.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def slams(called: socket.socket) -> None:
    """Close the connection without an answer."""
    called.shutdown(socket.SHUT_RDWR)


MANNERS: tuple[Manner, ...] = (hangs, drips, floods, talks_for_ever, fails, slams)


@contextlib.contextmanager
def awkward_partners() -> Iterator[dict[str, Awkward]]:
    """One of each manner, by name."""
    made = {manner.__name__: Awkward(manner) for manner in MANNERS}
    try:
        yield made
    finally:
        for one in made.values():
            one.close()
