"""Reading a body that may be huge or slow: in bounded memory and bounded time, whatever the caller claims."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from tripoint.kernel.refusals import Busy, TooLarge

TOGETHER_BYTES_MAX = 256 * 1024 * 1024
"""The bodies read at the same moment hold no more than this."""

SECONDS_MAX = 120
"""A body that has not arrived by then is given up."""

PAUSE_SECONDS_MAX = 30
"""So long nothing may arrive in the middle of a body."""


class Allowance:
    """Bytes that bodies being read hold together."""

    def __init__(self, most: int = TOGETHER_BYTES_MAX) -> None:
        self.most = most
        self.held = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Hold more; raises Busy where that is too much."""
        with self._lock:
            if self.held + count > self.most:
                raise Busy(
                    "BODIES-BUSY", "同时接收的内容过多，请稍后再试", "too much is arriving at once; try again"
                )
            self.held += count

    def give_back(self, count: int) -> None:
        """Hold less again."""
        with self._lock:
            self.held -= count


ALLOWANCE = Allowance()


def too_large(most: int) -> TooLarge:
    """The refusal of a body beyond the limit."""
    return TooLarge("MESSAGE-TOO-LARGE", f"报文超过 {most} 字节", f"the message is larger than {most} bytes")


async def read(request: Request[Any, Any, Any], most: int, allowance: Allowance = ALLOWANCE) -> bytes:
    """The whole body of at most so many bytes; raises TooLarge, Busy, and 408 where it comes too slowly."""
    claimed = request.headers.get("content-length", "")
    if claimed.isdigit() and int(claimed[:19]) > most:
        raise too_large(most)
    body, held = bytearray(), 0
    pieces = request.stream()
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                async with asyncio.timeout(PAUSE_SECONDS_MAX):
                    piece = await anext(pieces, None)
                if piece is None:
                    return bytes(body)
                allowance.take(len(piece))
                held += len(piece)
                if held > most:
                    raise too_large(most)
                body += piece
    except TimeoutError:
        raise HTTPException(status_code=408) from None
    finally:
        allowance.give_back(held)
