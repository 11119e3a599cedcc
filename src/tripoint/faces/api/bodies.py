"""Reading a body that may be huge or slow: in bounded memory and bounded time, whatever the caller claims."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from litestar.exceptions import HTTPException
from litestar.types import Receive

from tripoint.exchange.desk import too_large
from tripoint.kernel.refusals import Busy

TOGETHER_BYTES_MAX = 256 * 1024 * 1024
"""The bodies held at the same moment, being read or waiting to be kept, have no more bytes than this."""

SECONDS_MAX = 120
"""A body that has not arrived by then is given up."""

PAUSE_SECONDS_MAX = 30
"""So long nothing may arrive in the middle of a body."""


class Allowance:
    """Bytes that the bodies of all requests hold together."""

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


class Held:
    """What one request holds of an allowance."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self.count = 0

    def take(self, count: int) -> None:
        """Hold more; raises Busy where all requests together hold too much."""
        self._allowance.take(count)
        self.count += count

    def may_take(self, count: int) -> bool:
        """Hold more where all requests together do not hold too much then."""
        try:
            self.take(count)
        except Busy:
            return False
        return True

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._allowance.give_back(self.count)
        self.count = 0


@contextmanager
def holding(allowance: Allowance = ALLOWANCE) -> Iterator[Held]:
    """What a request takes of the allowance until the block ends, which is when its body is no longer needed."""
    held = Held(allowance)
    try:
        yield held
    finally:
        held.give_back()


async def read(receive: Receive, claimed: str, most: int, held: Held) -> bytes:
    """The whole body of at most so many bytes; `claimed` is its Content-Length.

    Raises TooLarge, Busy, and HTTPException 408 where it comes too slowly or breaks off.
    """
    if claimed.isdigit() and int(claimed[:19]) > most:
        raise too_large(most)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(PAUSE_SECONDS_MAX) as limit:
            while True:
                said = await receive()
                if said["type"] != "http.request":
                    raise HTTPException(status_code=408)
                piece = said.get("body", b"")
                held.take(len(piece))
                if held.count > most:
                    raise too_large(most)
                pieces.append(piece)
                if not said.get("more_body", False):
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
                limit.reschedule(min(loop.time() + PAUSE_SECONDS_MAX, begun + SECONDS_MAX))
    except TimeoutError:
        raise HTTPException(status_code=408) from None
