"""How a connection is left: not under the hands of a client that is still sending, which would never read what it was told."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios

LEAVE_SECONDS_MAX = 10.0
"""So long what a client goes on sending after its last answer is thrown away, before the connection is cut."""


class Transport:
    """A transport as uvicorn uses it, which is closed at once only where its client has said all that it began.

    Closing a socket with input unread resets it, and with it what was written last.
    """

    __slots__ = (
        "_loop",
        "_transport",
        "abort",
        "get_extra_info",
        "is_deaf",
        "is_heard",
        "is_left",
        "pause_reading",
        "resume_reading",
        "write",
    )

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self.write = transport.write
        self.abort = transport.abort
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self.is_heard = True  # the client has said all of what it began
        self.is_deaf = False  # whatever still comes is thrown away
        self.is_left = False  # nothing is written any more

    def is_closing(self) -> bool:
        """Whether nothing is to be written any more."""
        return self.is_left or self._transport.is_closing()

    def untaken(self) -> int:
        """Bytes written that the client has not taken, here and with the system."""
        held = fcntl.ioctl(self.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        return self._transport.get_write_buffer_size() + int.from_bytes(held, sys.byteorder)

    def close(self) -> None:
        """Close once what was written has gone out, and a client that is still sending has had time to read it."""
        if self.is_heard or self.is_closing():
            self._transport.close()
            return
        self.is_deaf = self.is_left = True
        self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(LEAVE_SECONDS_MAX, self._transport.close)
