"""How the installation stands, looked at every second: what `/ready` tells, and what keeps new messages out."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic

import structlog
from anyio import CapacityLimiter, move_on_after, to_thread

from tripoint.app import Archiving, Engine
from tripoint.exchange import store as inbox
from tripoint.kernel.refusals import Busy, Refusal
from tripoint.platforms.clearance.enquiries import store as enquiries
from tripoint.registers.processes import store as processes

EVERY_SECONDS = 1.0

STALE_SECONDS = 10.0
"""What was seen longer ago keeps nobody out: whoever looks may have ended. A look that runs longer says that the database is gone."""

PATIENCE_SECONDS = 2.0
"""A request waits so long for a look, and then goes by the one before."""

WORKER_SECONDS = 30
"""A worker not seen for so long is thought dead."""

COUNTED_SECONDS = 60.0

GONE, FAULT = "DATABASE-GONE", "FAULT"
"""Why no database was seen: it hangs, or we have made a mistake."""

log = structlog.get_logger("tripoint.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How things stood at one moment (monotonic `at`)."""

    at: float
    database: bool
    code: str | None = None
    revival: str | None = None
    pending: tuple[str, ...] = ()
    backlog_messages: int = 0
    backlog_bytes: int = 0
    oldest_seconds: int = 0
    disk_free_bytes: int | None = None
    archiving: Archiving | None = None
    workers: tuple[tuple[str, float], ...] = ()
    figures: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Watch:
    """Looks at the database, the backlog, the disk and the workers; revives an embedded database that has died."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._threads = CapacityLimiter(4)
        self._begun: float | None = None
        self._seen: Seen | None = None
        self._lists: tuple[float, dict[str, int]] | None = None

    def run(self, stop: threading.Event) -> None:
        """Look every second until `stop` is set."""
        while not stop.wait(EVERY_SECONDS):
            self.look()

    def look(self, no_older_than: float = 0.0) -> Seen:
        """How things stand, looked at now or at most so many seconds ago; longer while nothing answers."""
        last = self._seen
        if last is not None and not last.database and no_older_than and monotonic() - last.at < STALE_SECONDS:
            return last
        with self._lock:
            if self._seen is None or monotonic() - self._seen.at >= no_older_than:
                self._begun = monotonic()
                seen = self._look_whatever_fails()
                if self._seen is None or seen.database != self._seen.database:
                    log.info("database", reachable=seen.database, code=seen.code, revival=seen.revival)
                self._seen, self._begun = seen, None
            return self._seen

    async def lately(self, no_older_than: float) -> Seen:
        """The same for whoever must be answered soon: where the database hangs, by the look before."""
        if self._looking_for() < PATIENCE_SECONDS:
            with move_on_after(PATIENCE_SECONDS):
                return await to_thread.run_sync(
                    self.look, no_older_than, abandon_on_cancel=True, limiter=self._threads
                )
        seen = self._seen
        if seen is not None and self._looking_for() < STALE_SECONDS:
            return seen
        return replace(seen or Seen(at=0.0, database=False), at=monotonic(), database=False, code=GONE)

    def refuse_gone(self) -> None:
        """Raises Busy where the database is out of reach: nothing is asked, the last look decides."""
        if self._looking_for() > STALE_SECONDS:
            raise gone()
        seen = self._lately_seen()
        if seen is not None and not seen.database:
            raise gone()

    def refuse(self) -> None:
        """Raises Busy where a message could not be kept, or should not, as `refuse_gone` does."""
        self.refuse_gone()
        seen, settings = self._lately_seen(), self._engine.settings
        if seen is None:
            return
        if seen.disk_free_bytes is not None and seen.disk_free_bytes < settings.disk_floor_bytes:
            raise _no_room()
        if seen.backlog_messages >= settings.backlog_messages or seen.backlog_bytes >= settings.backlog_bytes:
            raise _backlog()

    def is_manned(self) -> bool:
        """Whether a worker was seen at the last look, which is not long ago."""
        seen = self._lately_seen()
        return seen is not None and bool(seen.workers)

    def lists(self) -> dict[str, int]:
        """Lists by state, counted at most every `COUNTED_SECONDS`: that takes longer the more there are."""
        if self._lists is None or monotonic() - self._lists[0] > COUNTED_SECONDS:
            counts: Counter[str] = Counter()
            with self._engine.transaction() as tx:
                for row in enquiries.lists_by_state(tx):
                    counts[row["state"]] += row["lists"]
            self._lists = (monotonic(), dict(counts))
        return self._lists[1]

    def _lately_seen(self) -> Seen | None:
        """The last look, unless it is long ago."""
        seen = self._seen
        return seen if seen is not None and monotonic() - seen.at <= STALE_SECONDS else None

    def _looking_for(self) -> float:
        """Seconds that the look under way has taken so far."""
        begun = self._begun
        return 0.0 if begun is None else monotonic() - begun

    def _look_whatever_fails(self) -> Seen:
        """A look; one that fails by a fault of ours saw no database, for a watch that ended would not be missed."""
        try:
            return self._look()
        except Exception as error:
            if self._seen is None or self._seen.code != FAULT:
                log.error("fault", exc_info=error)
            return Seen(at=monotonic(), database=False, code=FAULT)

    def _look(self) -> Seen:
        free = self._free()
        revival = str(self._engine.revive())
        try:
            pending = tuple(self._engine.pending_migrations())
            if pending:
                return Seen(at=monotonic(), database=True, pending=pending, disk_free_bytes=free)
            with self._engine.transaction() as tx:
                waiting = inbox.waiting(tx)
                alive = processes.alive(tx, timedelta(seconds=WORKER_SECONDS))
                archiving = self._engine.archiving(tx)
        except Refusal as refusal:
            return Seen(
                at=monotonic(), database=False, code=refusal.code, revival=revival, disk_free_bytes=free
            )
        oldest = waiting["oldest_at"]
        age = 0 if oldest is None else max(0, int((self._engine.clock.now() - oldest).total_seconds()))
        return Seen(
            at=monotonic(),
            database=True,
            backlog_messages=waiting["messages"],
            backlog_bytes=waiting["bytes"],
            oldest_seconds=age,
            disk_free_bytes=free,
            archiving=archiving,
            workers=tuple(
                (one["process"], round(one["seconds"], 1)) for one in alive if one["kind"] == "worker"
            ),
            figures=tuple((one["process"], one["figures"]) for one in alive),
        )

    def _free(self) -> int | None:
        """Bytes free where the embedded database lies; None for a database elsewhere."""
        server = self._engine.database.server
        if server is None:
            return None
        try:
            return shutil.disk_usage(server.folder).free
        except OSError:
            return 0


def gone() -> Busy:
    """The refusal of what needs a database that does not answer."""
    return Busy(GONE, "数据库暂不可用，请稍后再试。", "The database is out of reach at present. Try again.")


def _no_room() -> Busy:
    return Busy(
        "DISK-LOW",
        "磁盘剩余空间不足，暂不接收报文。",
        "Too little disk is free to take messages in.",
        retry_after_seconds=60,
    )


def _backlog() -> Busy:
    return Busy(
        "BACKLOG-FULL",
        "待处理的报文过多，请稍后再发。",
        "Too many messages wait to be read; send later.",
        retry_after_seconds=30,
    )
