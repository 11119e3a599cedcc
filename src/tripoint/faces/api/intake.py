"""Messages kept together: what arrives while one commit is on its way goes into the next, and nobody waits longer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter

import structlog

from tripoint.app import Engine
from tripoint.exchange.records import Kept, Packed, Posted
from tripoint.faces.api import metrics
from tripoint.kernel.refusals import Busy

GROUP_MESSAGES_MAX = 500
"""Messages kept in one transaction at most."""

AT_ONCE_BYTES_MAX = 64 * 1024
"""A message up to this size is digested and compressed where it arrives: handing the interpreter over costs more."""

GROUP_BYTES_MAX = 16 * 1024 * 1024
"""Their bytes together, but for the last of them."""

TOLD_SECONDS_MAX = 10.0
"""Whoever has not been told by then whether his message is kept is told that it is not known."""

LATE_EVERY_SECONDS = 0.5

log = structlog.get_logger("tripoint.api")


@dataclass(slots=True)
class _Caller:
    """Somebody who waits to be told under which number his message is kept."""

    posted: Posted | Packed
    told: asyncio.Future[Kept]
    since: float

    def packed(self) -> Packed:
        """His message, ready to be kept."""
        if isinstance(self.posted, Posted):
            self.posted = Packed.of(self.posted)
        return self.posted


class Intake:
    """One thread that keeps messages in groups: it takes all that wait, commits them at once, and tells every caller.

    A message that comes alone is committed alone and at once; under load a group is what came during the commit before.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: SimpleQueue[_Caller] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._patience: _Patience | None = None

    async def keep(self, posted: Posted) -> Kept:
        """Keep a message; returns when it is committed. Raises what the commit raised, and Busy where that takes too long."""
        return await self.put(posted)

    def put(self, posted: Posted) -> asyncio.Future[Kept]:
        """Have a message kept; what comes back is done when it is committed."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
            self._thread.start()
        ready = Packed.of(posted) if len(posted.raw) <= AT_ONCE_BYTES_MAX else posted
        loop = asyncio.get_running_loop()
        if self._patience is None or self._patience.loop is not loop:
            self._patience = _Patience(loop)
        caller = _Caller(ready, loop.create_future(), perf_counter())
        self._waiting.put(caller)
        self._patience.take(caller)
        return caller.told

    def _run(self) -> None:
        while True:
            group = self._group()
            try:
                self._keep(group)
            except Exception as error:  # the thread goes on: whoever posts next waits for it
                log.error("fault", exc_info=error)
                self._tell([(caller, error) for caller in group])

    def _group(self) -> list[_Caller]:
        """Everybody who waits, one at least, as far as one transaction holds them."""
        group = [self._waiting.get()]
        size = group[0].posted.bytes
        with contextlib.suppress(Empty):
            while len(group) < GROUP_MESSAGES_MAX and size < GROUP_BYTES_MAX:
                caller = self._waiting.get_nowait()
                group.append(caller)
                size += caller.posted.bytes
        return group

    def _keep(self, group: Sequence[_Caller]) -> None:
        """Keep a group; where that fails by a fault of ours, each by itself, so that one does not fail the others."""
        try:
            packed = [caller.packed() for caller in group]
            begun = perf_counter()
            kept = self._engine.admit_all(packed)
        except Exception as error:
            if len(group) > 1 and not isinstance(error, Busy):
                for caller in group:
                    self._keep([caller])
                return
            self._tell([(caller, _of_its_own(error)) for caller in group])
            return
        metrics.committed(packed, kept, perf_counter() - begun)
        self._tell(list(zip(group, kept, strict=True)))

    def _tell(self, outcomes: Sequence[tuple[_Caller, Kept | Exception]]) -> None:
        """Wake the callers, those of one loop all at once."""
        now = perf_counter()
        loops: dict[asyncio.AbstractEventLoop, list[tuple[_Caller, Kept | Exception]]] = {}
        for outcome in outcomes:
            loops.setdefault(outcome[0].told.get_loop(), []).append(outcome)
        for loop, its in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has ended, and whoever waited with it
                loop.call_soon_threadsafe(_wake, its, now)


class _Patience:
    """Those of one loop who wait, in the order they came: nobody waits for longer than `TOLD_SECONDS_MAX`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[tuple[asyncio.Future[Kept], float]] = deque()

    def take(self, caller: _Caller) -> None:
        """One more who waits."""
        if not self._waiting:
            self.loop.call_later(LATE_EVERY_SECONDS, self._look)
        self._waiting.append((caller.told, caller.since))

    def _look(self) -> None:
        """Tell those who have waited too long; look again while anybody waits."""
        late = perf_counter() - TOLD_SECONDS_MAX
        while self._waiting:
            told, since = self._waiting[0]
            if not told.done():
                if since > late:
                    self.loop.call_later(LATE_EVERY_SECONDS, self._look)
                    return
                told.set_exception(_late())
            self._waiting.popleft()


def _of_its_own(error: Exception) -> Exception:
    """A refusal for each who is told of it: an exception notes where it was raised."""
    if not isinstance(error, Busy):
        return error
    return Busy(error.code, error.text.zh, error.text.en, error.retry_after_seconds)


def _late() -> Busy:
    return Busy(
        "COMMIT-LATE",
        "数据库迟迟没有确认，报文是否已保存尚不可知。请原样重发：内容相同即为同一报文，编号不变。",
        "The database takes too long: it is not known yet whether the message is kept. Send the same bytes again: they are"
        " the same message under the same number.",
        retry_after_seconds=10,
    )


def _wake(outcomes: Sequence[tuple[_Caller, Kept | Exception]], now: float) -> None:
    """Hand callers their outcomes; those who have gone meanwhile are passed over."""
    for caller, outcome in outcomes:
        if caller.told.done():
            continue
        if isinstance(outcome, Exception):
            caller.told.set_exception(outcome)
        else:
            metrics.ACK_SECONDS.observe(now - caller.since)
            caller.told.set_result(outcome)
