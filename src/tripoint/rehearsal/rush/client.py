"""The client of a rush, a process of its own: sends prepared messages over HTTP as scheduled, and fetches every receipt.

Latency counts from the moment a message was due, not from when a connection was free to take it (no coordinated omission).
It tells how far it is as JSON lines on standard output. Words on standard input lead it: `go` begins, `drain` has it fetch
what is left and end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import uvloop

from tripoint.rehearsal.rush.parts import Parts
from tripoint.rehearsal.rush.traffic import Traffic
from tripoint.rehearsal.rush.wire import Answer, Connection

TELL_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 0.25
PAGE = 1000
ERRORS_MOST = 20
"""Wrong answers that are kept to be shown; the others are counted."""

TOGETHER = 16
"""Bodies asked for at once on one connection."""

_RECEIPT, _COP_NO = b"<ceb:InventoryReturn>", b"<ceb:copNo>"
_IS_RELEASED = b"<ceb:returnStatus>800</ceb:returnStatus>"
_COP_NO_LENGTH, _TRADE_DIGITS = 18, 12
_TAKEN = frozenset({200, 202})
_LATER = frozenset({429, 503})


class _Item(msgspec.Struct):
    outbox_id: int
    message_type: str
    receipts: int
    link: str


class _Page(msgspec.Struct):
    items: list[_Item]
    last: int
    more: bool


_page = msgspec.json.Decoder(_Page)


class Client:
    """One rush as it goes on; times are seconds since 1970."""

    def __init__(
        self, traffic: Traffic, url: str, keys: dict[str, str], *, rate: float, connections: int
    ) -> None:
        messages = traffic.messages
        self.url, self.keys, self.rate = url, keys, rate
        self.connections = connections
        self.parts, self.starts, self.lengths, self.senders, self.moments = (
            messages[name].to_list() for name in ("part", "start", "length", "sender", "moment")
        )
        self._store = Parts(traffic.folder, max(self.parts) + 1)
        count = len(self.parts)
        self.due, self.sent, self.acked = (array("d", bytes(8 * count)) for _ in range(3))
        self.status = array("i", bytes(4 * count))
        self.retries = 0
        self.told_at = array("d", bytes(8 * traffic.trades))
        """When the receipt with status 800 of each trade's list came, by its number; 0 where none did."""
        self.told_again: list[int] = []
        """Trades whose release was told more than once."""

        self.receipts: Counter[str] = Counter()
        self.bodies = self.bytes_in = 0
        self.errors: list[str] = []
        self.wrong = 0
        self.going, self.draining = asyncio.Event(), asyncio.Event()
        self._next = 0
        self.done = 0
        self._lines: list[Connection] = []

    async def run(self, *, fetch: int) -> None:
        """Send everything; with `fetch` connections meanwhile and afterwards get what is told."""
        self._say()
        await self.going.wait()
        self.begun = time.time()
        telling = asyncio.create_task(self._tell())
        getting: list[asyncio.Task[None]] = []
        if fetch:
            pool: asyncio.Queue[Connection] = asyncio.Queue()
            for _ in range(fetch):
                pool.put_nowait(self._line())
            getting = [asyncio.create_task(self._fetch(code, pool)) for code in sorted(self.keys)]
        await asyncio.gather(*(self._send(self._line()) for _ in range(self.connections)))
        self.sent_all = time.time()
        await self.draining.wait()
        await asyncio.gather(*getting)
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        for line in self._lines:
            line.close()
        self._say()

    def _line(self) -> Connection:
        self._lines.append(Connection(self.url))
        return self._lines[-1]

    async def _send(self, line: Connection) -> None:
        """One connection: takes the next message that is due, sends it until it is acknowledged, and so on."""
        while (number := self._next) < len(self.parts):
            self._next += 1
            due = self.begun + self.moments[number] / self.rate if self.rate else time.time()
            self.due[number] = due
            if (early := due - time.time()) > 0:
                await asyncio.sleep(early)
            body = await self._store.message(self.parts[number], self.starts[number], self.lengths[number])
            self.sent[number] = time.time()
            answer = await self._until_answered(line, number, body)
            self.acked[number] = time.time()
            self.status[number] = answer.status
            self.done += 1
            if answer.status not in _TAKEN:
                self._wrong(f"message {number}: {answer.status} {answer.body[:300]!r}")

    async def _until_answered(self, line: Connection, number: int, body: bytes) -> Answer:
        while True:
            try:
                answer = await line.send(self.keys[self.senders[number]], "/v1/messages", body)
                if answer.status not in _LATER:
                    return answer
                pause = min(5.0, answer.retry_seconds)
            except OSError:
                pause = 0.2
            self.retries += 1
            await asyncio.sleep(pause)

    async def _fetch(self, code: str, pool: asyncio.Queue[Connection]) -> None:
        """Everything that goes out to one recipient, in order, until told to drain and nothing is left."""
        after, key = 0, self.keys[code]
        while True:
            last_look = self.draining.is_set()
            page = await self._get(pool, key, f"/v1/outbox?after={after}&limit={PAGE}")
            told = _page.decode(page.body)
            bundles = [told.items[at : at + TOGETHER] for at in range(0, len(told.items), TOGETHER)]
            await asyncio.gather(*(self._take(pool, key, bundle) for bundle in bundles))
            after = told.last
            if not told.items:
                if last_look:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.draining.wait(), LOOK_AGAIN_SECONDS)

    async def _take(self, pool: asyncio.Queue[Connection], key: str, items: list[_Item]) -> None:
        """The bodies of some messages, asked for together; those that do not come so are asked for again, one by one."""
        line = await pool.get()
        try:
            answers = await line.ask(key, [item.link for item in items])
        except OSError:
            answers = [Answer() for _ in items]
        finally:
            pool.put_nowait(line)
        now = time.time()
        for item, answer in zip(items, answers, strict=True):
            if self._is_right(item.link, answer):
                self._read(item, answer.body, now)
            else:
                again = await self._get(pool, key, item.link)
                self._read(item, again.body, time.time())

    def _read(self, item: _Item, body: bytes, now: float) -> None:
        self.receipts[item.message_type] += item.receipts
        self.bodies += 1
        self.bytes_in += len(body)
        if item.message_type == "CEB622":
            for trade in released(body):
                if self.told_at[trade]:
                    self.told_again.append(trade)
                self.told_at[trade] = now

    async def _get(self, pool: asyncio.Queue[Connection], key: str, path: str) -> Answer:
        """An answer of 200; another one is told, and asked for again."""
        while True:
            line = await pool.get()
            try:
                (answer,) = await line.ask(key, [path])
            except OSError:
                answer = Answer()
            finally:
                pool.put_nowait(line)
            if self._is_right(path, answer):
                return answer
            await asyncio.sleep(0.2)

    def _is_right(self, path: str, answer: Answer) -> bool:
        """Whether an answer is 200; another one is told, unless it asks to come later or none came at all."""
        if answer.status == 200:
            return True
        if answer.status not in _LATER and answer.status:
            self._wrong(f"{path}: {answer.status} {answer.body[:300]!r}")
        self.retries += 1
        return False

    def _wrong(self, what: str) -> None:
        self.wrong += 1
        if len(self.errors) < ERRORS_MOST:
            self.errors.append(what)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            self._say()

    def _say(self) -> None:
        said = {"acked": self.done, "receipts": sum(self.receipts.values()), "bodies": self.bodies}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()

    def write(self, folder: Path) -> None:
        """What was measured: messages.arrow, told.arrow, summary.json."""
        pl.DataFrame(
            {"due": self.due, "sent": self.sent, "acked": self.acked, "status": self.status},
            schema={"due": pl.Float64, "sent": pl.Float64, "acked": pl.Float64, "status": pl.Int32},
        ).write_ipc(folder / "messages.arrow")
        pl.DataFrame({"told_at": self.told_at}, schema={"told_at": pl.Float64}).write_ipc(
            folder / "told.arrow"
        )
        summary = {
            "begun": self.begun,
            "sent_all": self.sent_all,
            "retries": self.retries,
            "lost": sum(line.lost for line in self._lines),
            "told_again": self.told_again,
            "receipts": dict(sorted(self.receipts.items())),
            "bodies": self.bodies,
            "bytes_in": self.bytes_in,
            "wrong": self.wrong,
            "errors": self.errors,
        }
        (folder / "summary.json").write_text(json.dumps(summary, indent=1))


def released(body: bytes) -> Iterator[int]:
    """The trades whose release a CEB622 tells: each receipt with status 800, by the last digits of its copNo."""
    at = body.find(_IS_RELEASED)
    while at >= 0:
        cop_no = body.find(_COP_NO, body.rfind(_RECEIPT, 0, at), at) + len(_COP_NO)
        text = body[cop_no : cop_no + _COP_NO_LENGTH]
        if cop_no >= len(_COP_NO) and text.isdigit() and body.startswith(b"</", cop_no + _COP_NO_LENGTH):
            yield int(text[-_TRADE_DIGITS:])
        at = body.find(_IS_RELEASED, at + len(_IS_RELEASED))


async def _run(client: Client, fetch: int) -> None:
    loop = asyncio.get_running_loop()

    def listen() -> None:
        word = sys.stdin.readline()
        client.going.set()
        if word.strip() != "go":
            loop.remove_reader(sys.stdin.fileno())
            client.draining.set()

    loop.add_reader(sys.stdin.fileno(), listen)
    await client.run(fetch=fetch)


def main() -> int:
    """Run one rush; the keys come as JSON from a file that only its owner reads."""
    parser = argparse.ArgumentParser(
        prog="tripoint.rehearsal.rush.client", description="Send a rush of messages."
    )
    parser.add_argument("traffic", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--fetch", type=int, default=2)
    chosen = parser.parse_args()
    keys = json.loads(chosen.keys.read_text())
    client = Client(
        Traffic(chosen.traffic), chosen.url, keys, rate=chosen.rate, connections=chosen.connections
    )
    uvloop.run(_run(client, chosen.fetch))
    client.write(chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
