"""What goes out, as the server gives it: the newest outgoing messages in memory, and their bodies read ahead as they are kept.

Numbers rise in the order of commit and a body never changes once it is written, so what is remembered stays true.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from time import monotonic
from typing import Any, NamedTuple

import msgspec
from anyio import to_thread

from tripoint.app import Engine
from tripoint.exchange import store as exchange
from tripoint.faces.api.watch import Watch
from tripoint.kernel.refusals import Unknown
from tripoint.platforms.clearance.answers import desk as answers

LOOK_SECONDS = 0.1
"""Looks for news begin no sooner one after the other: those who ask meanwhile share one."""

NEWS_MOST = 20_000
"""Outgoing messages remembered at most, without their bodies; beyond it the newest half is kept."""

PAGE = 1000

AHEAD_MESSAGES = 64
"""Bodies read at once where somebody asks for the first of them."""

AHEAD_BYTES = 1024 * 1024
"""Their bytes as they are kept, but for the last of them."""

SHELF_BYTES = 32 * 1024 * 1024
"""Bodies remembered at most, in bytes as they are kept."""

SCRIBE_SECONDS = 2.0
"""So long a worker's scribe is left to write what is asked for; then the server writes it."""

LOOK_AGAIN_SECONDS = 0.25


class Outgoing(msgspec.Struct, omit_defaults=True, gc=False):
    """A message that goes out; `receipts` says how many it holds, `answers` which message it answers where it is one."""

    outbox_id: int
    recipient_code: str
    message_type: str
    message_guid: str
    created_at: datetime
    receipts: int
    link: str
    answers: int | None = None


class Outbox(msgspec.Struct):
    """A page of outgoing messages, oldest first; ask again with `after` set to `last`."""

    items: list[Outgoing]
    last: int
    more: bool


class Body(NamedTuple):
    """The XML of an outgoing message as it is kept (Zstandard, or plain where it is older), and whose it is."""

    recipient_code: str
    kept: bytes


def outgoing(row: dict[str, Any]) -> Outgoing:
    """One row of the outbox."""
    return Outgoing(
        outbox_id=row["outbox_id"],
        recipient_code=row["recipient_code"],
        message_type=row["message_type"],
        message_guid=row["message_guid"],
        created_at=row["created_at"],
        receipts=row["receipts"],
        answers=row["answers"],
        link=f"/v1/outbox/{row['outbox_id']}",
    )


def page(items: Sequence[Outgoing], after: int, limit: int) -> Outbox:
    """A page of what was found after a cursor, one more than `limit` where there is more."""
    shown = list(items[:limit])
    return Outbox(items=shown, last=shown[-1].outbox_id if shown else after, more=len(items) > limit)


_number = attrgetter("outbox_id")


class News:
    """The newest outgoing messages: all after some number, found again by recipient without the database.

    Where a page is not full, the database is asked once more, together for all who ask meanwhile: nothing that was
    committed before is missed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: list[Outgoing] = []
        self._to: dict[str, list[Outgoing]] = {}
        self._floor: int | None = None
        self._last = 0
        self._began = 0.0
        self._next: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._listeners = 0

    async def after(self, recipient_code: str | None, after: int, most: int) -> Sequence[Outgoing] | None:
        """What goes out to a recipient after a cursor, or to all (None); None where the cursor lies too far back."""
        if self._floor is not None and after < self._floor:
            return None
        found = self._known(recipient_code, after, most)
        if len(found) < most:
            await self._looked()
            found = self._known(recipient_code, after, most)
        return found if self._floor is not None and after >= self._floor else None

    async def newest(self) -> int:
        """A number below which nothing that is committed from now on will be."""
        if self._floor is None:
            await self._looked()
        return self._last

    async def heard(self, recipient_code: str | None, after: int) -> int:
        """Wait until something goes out to a recipient, or to all (None), after a number; up to which number that is known.

        All who wait share the looks, a quarter of a second apart. Raises what stops a look.
        """
        self._listeners += 1
        try:
            while self._floor is not None and after >= self._floor:
                if self._known(recipient_code, after, 1):
                    break
                if self._listening is None or self._listening.done():
                    listen = self._listen(self._last)
                    self._listening = asyncio.get_running_loop().create_task(listen)
                await asyncio.shield(self._listening)
            return self._last
        finally:
            self._listeners -= 1

    async def _listen(self, last: int) -> None:
        """Look until anything has gone out after a number, as long as somebody waits for it."""
        while self._last == last and self._listeners:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self._looked()

    async def _looked(self) -> None:
        """Wait for a look that begins now or later; who asks meanwhile waits for the same."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._look())
        await asyncio.shield(self._next)

    def _known(self, recipient_code: str | None, after: int, most: int) -> Sequence[Outgoing]:
        known = self._all if recipient_code is None else self._to.get(recipient_code, [])
        start = bisect_right(known, after, key=_number)
        return known[start : start + most]

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            if (pause := self._began + LOOK_SECONDS - loop.time()) > 0:
                await asyncio.sleep(pause)
        finally:
            self._next = None  # who asks from now on wants a later look
        self._began = loop.time()
        if self._floor is None:
            newest = await to_thread.run_sync(self._newest)
            if self._floor is None:
                self._floor = self._last = newest
            return
        for _ in range(max(1, NEWS_MOST // PAGE)):
            rows = await to_thread.run_sync(self._after, self._last)
            self._take(rows)
            if len(rows) < PAGE:
                return
        # So far behind, what is read would be forgotten again: begin anew, and older pages come from the database.
        self._floor = self._last = await to_thread.run_sync(self._newest)
        self._all, self._to = [], {}

    def _newest(self) -> int:
        with self._engine.transaction() as tx:
            return exchange.newest_outgoing(tx)

    def _after(self, after: int) -> list[Outgoing]:
        with self._engine.transaction() as tx:
            return [outgoing(row) for row in exchange.outgoing(tx, after=after, most=PAGE)]

    def _take(self, rows: Sequence[Outgoing]) -> None:
        """Remember what another look has not brought already."""
        for row in rows[bisect_right(rows, self._last, key=_number) :]:
            self._all.append(row)
            self._to.setdefault(row.recipient_code, []).append(row)
            self._last = row.outbox_id
        if len(self._all) > NEWS_MOST:
            gone = len(self._all) - NEWS_MOST // 2
            self._floor = self._all[gone - 1].outbox_id
            self._all = self._all[gone:]
            by_recipient: dict[str, list[Outgoing]] = defaultdict(list)
            for row in self._all:
                by_recipient[row.recipient_code].append(row)
            self._to = dict(by_recipient)


class Shelf:
    """Bodies that were read ahead, by number; where they become too many bytes, those put there first go."""

    def __init__(self, most: int = SHELF_BYTES) -> None:
        self._most = most
        self._held: dict[int, Body] = {}
        self._bytes = 0

    def put(self, read: Mapping[int, Body | None]) -> None:
        """Put there what has a body."""
        for outbox_id, body in read.items():
            if body is not None and outbox_id not in self._held:
                self._held[outbox_id] = body
                self._bytes += len(body.kept)
        while self._bytes > self._most:
            self._bytes -= len(self._held.pop(next(iter(self._held))).kept)

    def get(self, outbox_id: int) -> Body | None:
        """The body of a message, if it is there."""
        return self._held.get(outbox_id)


class Mail:
    """What it takes to give outgoing messages to those they are for."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch
        self._news = News(engine)
        self._shelf = Shelf()
        self._reading: dict[str | None, asyncio.Lock] = {}

    async def page(self, recipient_code: str | None, after: int, limit: int) -> Outbox:
        """Outgoing messages after a cursor, to one recipient or to all (None)."""
        items = await self._news.after(recipient_code, after, limit + 1)
        if items is None:
            items = await to_thread.run_sync(self._page, recipient_code, after, limit + 1)
        return page(items, after, limit)

    async def newest(self) -> int:
        """A number below which nothing that is committed from now on will be."""
        return await self._news.newest()

    async def heard(self, recipient_code: str | None, after: int) -> int:
        """Wait until something goes out to a recipient, or to all (None), after a number; up to which that is known."""
        return await self._news.heard(recipient_code, after)

    async def body(self, recipient_code: str | None, outbox_id: int) -> bytes:
        """The body of a message as it is kept; raises Unknown, also for another's.

        What is not written yet is left to the scribe of a worker for a moment, and then written.
        """
        end = None
        while True:
            async with self._reading.setdefault(recipient_code, asyncio.Lock()):
                if (found := self.at_hand(recipient_code, outbox_id)) is not None:
                    return found
                read = await to_thread.run_sync(self._from, recipient_code, outbox_id)
                self._shelf.put(read)
            if outbox_id not in read:
                raise unknown(outbox_id)
            if (body := read[outbox_id]) is not None:
                return body.kept
            if end is None:
                end = monotonic() + (SCRIBE_SECONDS if self._watch.is_manned() else 0)
            if monotonic() >= end:
                return await to_thread.run_sync(self._written, recipient_code, outbox_id)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def at_hand(self, recipient_code: str | None, outbox_id: int) -> bytes | None:
        """The body of a message if it has been read already; raises Unknown where it is another's."""
        body = self._shelf.get(outbox_id)
        if body is None:
            return None
        if recipient_code is not None and body.recipient_code != recipient_code:
            raise unknown(outbox_id)
        return body.kept

    def _page(self, recipient_code: str | None, after: int, most: int) -> Sequence[Outgoing]:
        with self._engine.transaction() as tx:
            rows = exchange.outgoing(tx, recipient_code=recipient_code, after=after, most=most)
        return [outgoing(row) for row in rows]

    def _from(self, recipient_code: str | None, outbox_id: int) -> dict[int, Body | None]:
        with self._engine.transaction() as tx:
            rows = exchange.bodies_from(
                tx,
                outbox_id,
                recipient_code=recipient_code,
                most=AHEAD_MESSAGES,
                bytes_most=AHEAD_BYTES,
            )
        return {
            row["outbox_id"]: None if row["body"] is None else Body(row["recipient_code"], row["body"])
            for row in rows
        }

    def _written(self, recipient_code: str | None, outbox_id: int) -> bytes:
        """The body of a message that nobody has written yet, written now and kept."""
        with self._engine.transaction() as tx:
            found = answers.kept(tx, outbox_id, recipient_code=recipient_code, seal=self._engine.seal)
        if found is None:
            raise unknown(outbox_id)
        return found


def unknown(outbox_id: int) -> Unknown:
    """The refusal of a message that is not there, or is another's."""
    return Unknown(
        "OUTBOX-UNKNOWN", f"没有发出的报文 {outbox_id}", f"there is no outgoing message {outbox_id}"
    )
