"""The worker's threads: one clears what has arrived, one writes receipts as XML, one posts them; none waits for another."""

from __future__ import annotations

import itertools
import secrets
import threading
from time import monotonic

import structlog

from tripoint.app import Engine
from tripoint.faces.worker import beating, figures, posting, scribing
from tripoint.faces.worker.pace import Pace
from tripoint.kernel.refusals import Busy

TROUBLED_SECONDS_MAX = 30
"""The longest pause after something went wrong; pauses double from one second."""

log = structlog.get_logger("tripoint.worker")

_PROCESS = secrets.token_hex(12)


def run(engine: Engine, stop: threading.Event) -> None:
    """Clear, write and post until `stop` is set; a round that has begun is ended first."""
    deciding = threading.Event()
    scribe = threading.Thread(
        target=scribing.run, args=(engine, stop, deciding), name="scribing", daemon=True
    )
    scribe.start()
    poster = threading.Thread(target=posting.run, args=(engine, stop), name="posting", daemon=True)
    beat = threading.Thread(target=beating.run, args=(engine, stop), name="beating", daemon=True)
    poster.start()
    beat.start()
    clear(engine, stop, deciding)
    beat.join(beating.EVERY_SECONDS)
    scribe.join(posting.POST_SECONDS)
    poster.join(posting.POST_SECONDS)


def clear(engine: Engine, stop: threading.Event, deciding: threading.Event) -> None:
    """Work on what has arrived, round after round. What fails is logged and tried again: nothing was committed.

    `deciding` is set while there is work to do.
    """
    pause, pace = 1.0, Pace()
    for number in itertools.count(1):
        begun = monotonic()
        try:
            while not (stop.is_set() or engine.is_waiting()):
                deciding.clear()
                stop.wait(pace.rested())
            if stop.is_set():
                return
            deciding.set()
            begun = monotonic()
            worked = engine.work(pace.messages, pace.bytes)
        except Exception as error:
            figures.FAILED_ROUNDS.inc()
            if isinstance(error, Busy):
                log.warning("busy", code=error.code, database=engine.revive())
                stop.wait(1.0)
            else:
                log.error("fault", exc_info=error)
                stop.wait(pause)
                pause = min(TROUBLED_SECONDS_MAX, pause * 2)
            continue
        pause = 1.0
        if worked is None:  # others work on all that waits
            stop.wait(pace.rested())
            continue
        seconds = monotonic() - begun
        pace.worked(seconds, is_full=worked.messages >= pace.messages or worked.bytes >= pace.bytes)
        figures.count(worked, seconds)
        log.info(
            "round",
            round_id=f"{_PROCESS}{number:08x}",
            messages=worked.messages,
            bytes=worked.bytes,
            unreadable=worked.unreadable,
            papers=dict(worked.papers),
            states=dict(worked.states),
            receipts=worked.receipts,
            lanes=dict(worked.lanes),
            decided_at=worked.decided_at and worked.decided_at.isoformat(),
            steps={step: round(its * 1000) for step, its in worked.seconds.items()},
            steps_cpu={step: round(its * 1000) for step, its in worked.cpu_seconds.items()},
            ms=round(seconds * 1000),
        )
