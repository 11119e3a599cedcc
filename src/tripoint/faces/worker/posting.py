"""Posting receipts to webhooks: planned from the outbox, in order for each address, no partner in another's way.

What is due stands in the database (registers/access): a process that dies in the middle posts again, never not at all.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import httpx
import polars as pl
import structlog

from tripoint import __version__
from tripoint.app import Engine
from tripoint.exchange import store as exchange
from tripoint.faces.worker import figures, letters
from tripoint.faces.worker.addresses import Target, target
from tripoint.kernel.refusals import Busy, Refusal
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.names import Names
from tripoint.registers.access.records import MESSAGES, DueDelivery

POST_SECONDS = 15
"""A partner has this long to take a delivery, from looking up its address to its answer."""

LEASE = timedelta(seconds=4 * POST_SECONDS)
"""A delivery whose outcome is not told by then is due again: its worker has died."""

TOGETHER = 200
"""Deliveries under way at the same moment; each address has at most one of them."""

FAULT = "FAULT: we have made a mistake and noted it"
"""What is told of an attempt that failed by a fault of ours."""

PLANNED_AT_ONCE = 1000
IDLE_SECONDS = 0.25
CURSOR = "webhooks planned"
"""The counter that tells up to which outgoing message deliveries have been planned."""

T = TypeVar("T")
log = structlog.get_logger("tripoint.worker")


def plan(engine: Engine, seen: int = 0) -> int:
    """Plan deliveries of messages new in the outbox after `seen`; returns up to which message that has been done."""
    with engine.transaction() as tx:
        if not exchange.outgoing(tx, after=seen, most=1):
            return seen
        done = exchange.next_numbers(tx, {CURSOR: 0})[CURSOR] - 1
        rows = exchange.outgoing(tx, after=done, most=PLANNED_AT_ONCE)
        if rows:
            messages = pl.DataFrame([{name: row[name] for name in MESSAGES} for row in rows], schema=MESSAGES)
            access.enqueue(tx, messages, now=engine.clock.now())
            exchange.next_numbers(tx, {CURSOR: rows[-1]["outbox_id"] - done})
    return rows[-1]["outbox_id"] if rows else done


def run(engine: Engine, stop: threading.Event) -> None:
    """Plan and post until `stop` is set."""
    asyncio.run(_Poster(engine, stop).run())


class _Poster:
    """The deliveries under way."""

    def __init__(self, engine: Engine, stop: threading.Event) -> None:
        self.engine = engine
        self.stop = stop
        self.under_way: dict[asyncio.Task[None], str] = {}
        self.free = asyncio.Event()
        self.planned = 0
        self.names = Names()

    async def run(self) -> None:
        """Take up what is due as long as there is room, and look again when something has ended or after a while."""
        # The transport alone, without a client: that would keep cookies, for all partners behind one address together,
        # and read where a redirect leads. No connection is kept: the next delivery there may be another name's.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncHTTPTransport(limits=limits, trust_env=False) as transport:
            while not self.stop.is_set():
                codes = list(self.under_way.values())
                taken = await self._guarded(partial(self._take_up, codes)) or []
                for due in taken:
                    self._begin(transport, due)
                if not taken:
                    await self._rest()
            if self.under_way:
                await asyncio.wait(self.under_way, timeout=POST_SECONDS)

    def _take_up(self, under_way: list[str]) -> list[DueDelivery]:
        """Plan what is new, then lease what is due and has room beside what is under way, told by enterprise."""
        while (planned := plan(self.engine, self.planned)) != self.planned and not self.stop.is_set():
            self.planned = planned
        room = TOGETHER - len(under_way)
        if room <= 0:
            return []
        with self.engine.transaction() as tx:
            now = self.engine.clock.now()
            return access.claim(tx, now=now, lease=LEASE, limit=room, under_way=under_way)

    def _begin(self, transport: httpx.AsyncHTTPTransport, due: DueDelivery) -> None:
        task = asyncio.create_task(self._deliver(transport, due))
        self.under_way[task] = due.enterprise_code
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self.under_way[task]
        self.free.set()

    async def _rest(self) -> None:
        self.free.clear()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self.free.wait()
        except TimeoutError:
            pass

    async def _guarded(self, work: Callable[[], T]) -> T | None:
        """Database work in a thread; where it fails, None after a pause, and it is tried again."""
        try:
            return await asyncio.to_thread(work)
        except Refusal as refusal:
            log.warning("busy", code=refusal.code)
        except Exception as error:
            log.error("fault", exc_info=error)
        await asyncio.sleep(1)
        return None

    async def _deliver(self, transport: httpx.AsyncHTTPTransport, due: DueDelivery) -> None:
        """One attempt and its outcome; where the database is out of reach, the lease ends and it is tried again."""
        try:
            error = await self._attempt(transport, due)
        except Busy as busy:
            log.warning("busy", code=busy.code)
            return
        except Exception as fault:  # counts as any attempt that failed, or it would be tried without end
            log.error("fault", delivery_id=due.delivery_id, exc_info=fault)
            error = FAULT
        figures.POSTED.labels("delivered" if error is None else "failed").inc()
        await self._guarded(lambda: self._tell(due, error))
        log.info("delivery", delivery_id=due.delivery_id, attempt=due.attempts + 1, error=error)

    async def _attempt(self, transport: httpx.AsyncHTTPTransport, due: DueDelivery) -> str | None:
        """One attempt; None where the partner took it, otherwise why not. Raises Busy."""
        body = await asyncio.to_thread(letters.body, self.engine, due.outbox_id)
        try:
            async with asyncio.timeout(POST_SECONDS):
                return await self._post(transport, due, body)
        except TimeoutError:
            return f"no answer within {POST_SECONDS} seconds"

    def _tell(self, due: DueDelivery, error: str | None) -> None:
        now = self.engine.clock.now()
        with self.engine.transaction() as tx:
            if error is None:
                access.delivered(tx, due.delivery_id, now=now)
            else:
                access.failed(tx, due, error, now=now)

    async def _post(self, transport: httpx.AsyncHTTPTransport, due: DueDelivery, body: bytes) -> str | None:
        """Post once; None where the partner took it, otherwise why not, without what it answered.

        The addresses of a name are tried in turn until one is connected to.
        """
        try:
            place = await self._place(due)
            for url in place.urls:
                try:
                    status = await self._post_to(transport, url, place, due, body)
                except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                    unreached = failed
                else:
                    return None if 200 <= status < 300 else f"answered with status {status}"
        except Refusal as refusal:
            return f"{refusal.code}: {refusal.text.en}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"{type(error).__name__}"
        return f"{type(unreached).__name__}"

    async def _place(self, due: DueDelivery) -> Target:
        """Where the delivery goes; raises Malformed where its name leads nowhere, or where it may not."""
        addresses = await self.names.numbers(due.enterprise_code, *rules.webhook_host(due.url))
        return target(due.url, addresses, allow_private=self.engine.settings.webhook_private)

    async def _post_to(
        self,
        transport: httpx.AsyncHTTPTransport,
        url: httpx.URL,
        place: Target,
        due: DueDelivery,
        body: bytes,
    ) -> int:
        """The status with which one address answers, each having its share of the time to be connected to."""
        timeout = httpx.Timeout(POST_SECONDS, connect=POST_SECONDS / (len(place.urls) + 1))
        request = httpx.Request(
            "POST",
            url,
            content=body,
            headers=self._headers(due, place, body),
            extensions=place.extensions | {"timeout": timeout.as_dict()},
        )
        answer = await transport.handle_async_request(request)
        await answer.aclose()
        return answer.status_code

    def _headers(self, due: DueDelivery, place: Target, body: bytes) -> dict[str, str]:
        return {
            "Host": place.host,
            "Content-Type": "application/json",
            "User-Agent": f"Tripoint/{__version__}",
            "Idempotency-Key": str(due.outbox_id),
            "Tripoint-Delivery": str(due.delivery_id),
            "Tripoint-Signature": rules.signature(due.secret, self.engine.clock.now(), body),
        }
