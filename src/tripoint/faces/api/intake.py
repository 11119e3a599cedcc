"""Messages kept together: what arrives while one commit is on its way goes into the next, and nobody waits longer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter

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

    async def keep(self, posted: Posted) -> Kept:
        """Keep a message; returns when it is committed. Raises what the commit raised."""
        return await self.put(posted)

    def put(self, posted: Posted) -> asyncio.Future[Kept]:
        """Have a message kept; what comes back is done when it is committed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
            self._thread.start()
        ready = Packed.of(posted) if len(posted.raw) <= AT_ONCE_BYTES_MAX else posted
        caller = _Caller(ready, asyncio.get_running_loop().create_future(), perf_counter())
        self._waiting.put(caller)
        return caller.told

    def _run(self) -> None:
        while True:
            self._keep(self._group())

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
            self._tell([(caller, error) for caller in group])
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
