"""What the host of a webhook's address resolves to: asked in threads of its own, for a bounded time, of each enterprise a few at once.

The system's resolver cannot be broken off, and waits for name servers that an enterprise has chosen: in the threads that all else
shares, a few silent ones would hold everybody up.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import Counter

from tripoint.kernel.refusals import Malformed
from tripoint.registers.access import rules

LOOK_UP_SECONDS = 5.0
"""A look-up is waited for so long; its thread ends when the resolver does."""

TOGETHER = 100
"""Look-ups under way at the same moment at most, those included that nobody waits for any more."""

Answer = asyncio.Future[list[str]]


class Names:
    """The look-ups under way, told by enterprise; to be asked from one event loop."""

    def __init__(self) -> None:
        self._under_way = Counter[str]()

    async def numbers(self, enterprise_code: str, host: str, port: int) -> list[str]:
        """The numbers of a host in the order to try them, none where it has none; raises Malformed where that takes too long."""
        if rules.is_number(host):
            return [host]
        most = rules.UNDER_WAY_MOST
        if self._under_way[enterprise_code] >= most or self._under_way.total() >= TOGETHER:
            raise _slow()
        self._under_way[enterprise_code] += 1
        loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()

        def ask() -> None:
            found = _resolve(host, port)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._ended, enterprise_code, answer, found)

        threading.Thread(target=ask, name="names", daemon=True).start()
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                return await answer
        except TimeoutError:
            raise _slow() from None

    def _ended(self, enterprise_code: str, answer: Answer, found: list[str]) -> None:
        self._under_way[enterprise_code] -= 1
        if not self._under_way[enterprise_code]:
            del self._under_way[enterprise_code]
        if not answer.done():
            answer.set_result(found)


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _slow() -> Malformed:
    return Malformed(
        "WEBHOOK-HOST-SLOW",
        f"回调地址的主机名未能在 {LOOK_UP_SECONDS:.0f} 秒内解析；请检查其域名服务器后重试",
        f"the host of the address was not resolved within {LOOK_UP_SECONDS:.0f} seconds; "
        "check its name servers and try again",
    )
