"""One benchmark: traffic prepared, an installation made ready, everything sent, and what came of it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from tripoint import __version__
from tripoint.exchange import store as inbox
from tripoint.faces.cli.benching.report import Report
from tripoint.faces.cli.benching.servers import (
    READY_SECONDS,
    Servers,
    ends,
    rounds,
    sending,
    serving,
    signing_key,
    step_ms,
)
from tripoint.faces.cli.speaking import Talk, Told
from tripoint.kernel.refusals import Busy, Conflict
from tripoint.registers.access import desk as access
from tripoint.registers.access.records import Scope
from tripoint.rehearsal.rush import figures, judging, store
from tripoint.rehearsal.rush.machine import machine
from tripoint.rehearsal.rush.processes import Watch
from tripoint.rehearsal.rush.traffic import Recipe, Traffic

if TYPE_CHECKING:
    from tripoint.app import Engine

STALLED_SECONDS = 120
"""So long nothing may move before a run is given up."""

JUDGED_AT_ONCE = 100_000
"""Lists compared with the truth in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a benchmark is run: workers, connections that send and that fetch, lists a second offered (0: at full speed).

    `seal` is the kind of key that receipts are signed with, or none.
    """

    workers: int
    connections: int
    fetch: int
    rate: float
    seal: Literal["rsa", "sm2", "none"]


class Run:
    """One run over an open installation; the steps are called in the order they stand here."""

    def __init__(self, engine: Engine, talk: Talk, recipe: Recipe, traffic: Traffic, course: Course) -> None:
        self.engine, self.talk = engine, talk
        self.recipe, self.traffic, self.course = recipe, traffic, course
        self.keys: dict[str, str] = {}
        self.cpu: dict[str, float] = {}
        self.memory: list[tuple[float, dict[str, int]]] = []

    def make_ready(self) -> None:
        """Filings, guarantees and API keys; raises Conflict where these very trades were run here before."""
        with self.engine.transaction() as tx:
            store.ask(tx, self.traffic.truth.head(JUDGED_AT_ONCE))
            if store.known(tx):
                raise Conflict(
                    "BENCH-AGAIN",
                    "该数据文件夹已处理过同一批交易，请用 --seed 另换一批，或另用数据文件夹",
                    "these very trades were run in this data folder before: name another --seed, or another folder",
                )
        self.engine.load_filings(self.traffic.filings)
        now = self.engine.clock.now()
        with self.engine.transaction() as tx:
            for code in self.traffic.messages["sender"].unique().sort():
                issued = access.create_key(tx, code, "bench", {Scope.SEND, Scope.READ}, now=now)
                self.keys[code] = issued.text

    def send(self, data: Path, folder: Path, postmaster: int | None) -> None:
        """Start everything, send everything, wait until all is judged and fetched, stop everything."""
        self.machine = machine(data)
        key = None if self.course.seal == "none" else signing_key(folder, self.course.seal)
        with serving(data, folder, self.course.workers, key) as servers:
            self._servers = servers
            with self.engine.transaction() as tx:
                self.before = store.extent(tx)
            with (
                sending(
                    self.traffic.folder,
                    folder,
                    servers.url,
                    self.keys,
                    rate=self.course.rate,
                    connections=self.course.connections,
                    fetch=self.course.fetch,
                ) as client,
                _lines(client) as said,
            ):
                _hear_first(said)
                watch = Watch({**servers.pids, "client": client.pid}, postmaster, self._backends)
                watch.begin()
                try:
                    _tell(client, "go")
                    self._follow(client, said, servers)
                finally:
                    self.ended = time.time()
                    self.cpu, self.memory = watch.end(), watch.samples
                self._drain(client)
            with self.engine.transaction() as tx:
                self.after = store.extent(tx)
        self.summary = json.loads((folder / "summary.json").read_text())
        self.messages = pl.read_ipc(folder / "messages.arrow")
        self.told = pl.read_ipc(folder / "told.arrow")
        self.rounds = rounds(servers.logs)

    def _backends(self) -> dict[int, str]:
        with self.engine.transaction() as tx:
            return store.backends(tx)

    def _follow(
        self, client: subprocess.Popen[str], said: queue.Queue[dict[str, int]], servers: Servers
    ) -> None:
        """Until every message is acknowledged and none waits to be read, and then until every receipt is fetched."""
        total = self.traffic.messages.height
        with self.talk.progress("发送", "sending") as told:
            self._until(client, said, told, total, servers)
        with self.talk.progress("审核", "judging") as told:
            self._judge(told, servers)
        _tell(client, "drain")
        self._drain(client)

    def _until(
        self,
        client: subprocess.Popen[str],
        said: queue.Queue[dict[str, int]],
        told: Told,
        total: int,
        servers: Servers,
    ) -> None:
        moved, last = time.monotonic(), -1
        while True:
            try:
                now = said.get(timeout=5)
            except queue.Empty:
                now = {}
            told(now.get("acked", last), total)
            if now.get("acked", 0) == total:
                return
            if now.get("acked", last) != last:
                moved, last = time.monotonic(), now["acked"]
            if client.poll() is not None:
                self._drain(client)
            self._refuse_dead(servers, moved)

    def _judge(self, told: Told, servers: Servers) -> None:
        first, moved, last = 0, time.monotonic(), -1
        while True:
            with self.engine.transaction() as tx:
                waiting = int(inbox.waiting(tx)["messages"])
            first = max(first, waiting)
            told(first - waiting, first)
            if not waiting:
                return
            if waiting != last:
                moved, last = time.monotonic(), waiting
            self._refuse_dead(servers, moved)
            time.sleep(0.1)

    def _refuse_dead(self, servers: Servers, moved: float) -> None:
        if dead := servers.ended():
            raise Busy("BENCH-ENDED", f"进程中途结束：{dead}", f"processes ended on the way: {dead}")
        if time.monotonic() - moved > STALLED_SECONDS:
            raise Busy(
                "BENCH-STALLED",
                f"{STALLED_SECONDS} 秒没有进展",
                f"nothing has moved for {STALLED_SECONDS} seconds",
            )

    def _drain(self, client: subprocess.Popen[str]) -> None:
        try:
            code = client.wait(STALLED_SECONDS * 5)
        except subprocess.TimeoutExpired:
            code = None
        if code != 0:
            raise Busy("BENCH-CLIENT", f"客户端失败（{code}）", f"the client failed ({code})")

    def _compare(self) -> tuple[int, list[judging.Wrong], pl.DataFrame]:
        """How many lists came out otherwise, some of them, and when each trade was released (trade, at)."""
        wrong, shown, released = 0, list[judging.Wrong](), []
        for truth in self.traffic.truth.with_row_index("trade").iter_slices(JUDGED_AT_ONCE):
            with self.engine.transaction() as tx:
                store.ask(tx, truth)
                fates, releases, faults = store.fates(tx), store.releases(tx), store.faults(tx)
            count, some = judging.differences(truth.drop("trade"), fates, releases, faults)
            wrong += count
            shown += some
            released.append(
                truth.join(fates.filter(pl.col("outcome") == "released"), on=["order_no", "marketplace_code"])
                .join(ends(self.rounds), on="decided_at", how="left")
                .select("trade", pl.coalesce("ended", pl.col("decided_at").dt.epoch("us") / 1e6).alias("at"))
            )
        return wrong, shown[:20], pl.concat(released).sort("trade")

    def _told_twice(self) -> int:
        """How many releases were told twice though their list was sent once."""
        again = self.traffic.truth[self.summary["told_again"]]["anomaly"]
        return int((again.is_null() | ~again.str.ends_with("-sent-twice")).sum())

    def report(self) -> Report:
        """Everything that was measured, and whether it came out as it must."""
        wrong, shown, released = self._compare()
        trades = self.traffic.trades
        told = self.told.with_row_index("trade").filter(pl.col("told_at") > 0).rename({"told_at": "at"})
        complete = figures.completed_at(self.traffic.papers, self.messages)
        begun = float(self.messages["sent"].min() or 0.0)  # type: ignore[arg-type]
        last_release = float(released["at"].max() or begun)  # type: ignore[arg-type]
        last_told = float(told["at"].max() or 0.0) if told.height else None  # type: ignore[arg-type]
        lists = trades
        fetched = self.course.fetch > 0
        untold = released.height - told.height if fetched else 0
        faults_of_run = {
            "lists that came out otherwise": wrong,
            "messages not acknowledged as they should": int(self.summary["wrong"]),
            "releases told twice": self._told_twice(),
            "releases not told": untold,
        }
        seconds = last_release - begun
        return Report(
            version=__version__,
            machine=self.machine,
            recipe=_said(self.recipe),
            course=_said(self.course),
            trades=trades,
            messages=self.messages.height,
            papers=self.traffic.papers.height,
            released=released.height,
            lists_per_second=round(lists / seconds, 1) if seconds > 0 else 0.0,
            lists_per_second_told=round(lists / (last_told - begun), 1) if last_told else None,
            seconds=round(seconds, 3),
            cpu_us_per_list={
                name: round(spent / lists * 1e6, 1) for name, spent in sorted(self.cpu.items()) if spent > 0
            },
            step_us_per_list=_us(step_ms(self.rounds, "steps"), lists),
            step_cpu_us_per_list=_us(step_ms(self.rounds, "steps_cpu"), lists),
            lanes=step_ms(self.rounds, "lanes"),
            ack_ms=figures.waits(figures.ack_ms(self.messages)),
            release_ms=figures.waits(figures.release_ms(complete, released)),
            told_ms=figures.waits(figures.release_ms(complete, told)),
            retries=int(self.summary["retries"]),
            receipts=self.summary["receipts"],
            receipt_messages=int(self.summary["bodies"]),
            database_bytes_per_list=round((self.after[0] - self.before[0]) / lists),
            wal_bytes_per_list=round((self.after[1] - self.before[1]) / lists),
            peak_memory_bytes=max((sum(weights.values()) for _, weights in self.memory), default=0),
            memory=[(round(at - begun, 2), weights) for at, weights in self.memory],
            released_per_second=figures.per_second(released["at"]),
            faults={name: count for name, count in faults_of_run.items() if count},
            shown=[*shown, *self.summary["errors"]],
        )


def _us(milliseconds: dict[str, int], lists: int) -> dict[str, float]:
    return {step: round(taken * 1000 / lists, 1) for step, taken in milliseconds.items()}


def _hear_first(said: queue.Queue[dict[str, int]]) -> None:
    """Until the client is ready to go, so that what it reads beforehand is not counted."""
    try:
        said.get(timeout=READY_SECONDS)
    except queue.Empty:
        raise Busy("BENCH-CLIENT", "客户端未能启动", "the client did not start") from None


def _tell(client: subprocess.Popen[str], word: str) -> None:
    assert client.stdin is not None
    client.stdin.write(f"{word}\n")
    client.stdin.flush()


def _said(value: Any) -> dict[str, Any]:
    return {
        name: getattr(value, name)
        if isinstance(getattr(value, name), int | float)
        else str(getattr(value, name))
        for name in value.__dataclass_fields__
    }


@contextmanager
def _lines(client: subprocess.Popen[str]) -> Iterator[queue.Queue[dict[str, int]]]:
    """What the client says, as it comes; it is read to its end, so that the client never waits for us."""
    said: queue.Queue[dict[str, int]] = queue.Queue()

    def read() -> None:
        assert client.stdout is not None
        for line in client.stdout:
            said.put(json.loads(line))

    threading.Thread(target=read, name="client", daemon=True).start()
    yield said
