"""The worker's threads: one clears what has arrived, one writes receipts as XML, one posts them; none waits for another."""

from __future__ import annotations

import threading
from time import monotonic

import structlog

from tripoint.app import Engine
from tripoint.faces.worker import figures, posting, scribing
from tripoint.kernel.refusals import Busy

IDLE_SECONDS = 0.1
"""How often is looked for new messages while there are none."""

TROUBLED_SECONDS_MAX = 30
"""The longest pause after something went wrong; pauses double from one second."""

log = structlog.get_logger("tripoint.worker")


def run(engine: Engine, stop: threading.Event) -> None:
    """Clear, write and post until `stop` is set; a round that has begun is ended first."""
    deciding = threading.Event()
    scribe = threading.Thread(
        target=scribing.run, args=(engine, stop, deciding), name="scribing", daemon=True
    )
    scribe.start()
    poster = threading.Thread(target=posting.run, args=(engine, stop), name="posting", daemon=True)
    poster.start()
    clear(engine, stop, deciding)
    scribe.join(posting.POST_SECONDS)
    poster.join(posting.POST_SECONDS)


def clear(engine: Engine, stop: threading.Event, deciding: threading.Event | None = None) -> None:
    """Work on what has arrived, round after round. What fails is logged and tried again: nothing was committed.

    `deciding` is set while there is work to do.
    """
    deciding = deciding or threading.Event()
    pause = 1.0
    while not stop.is_set():
        begun = monotonic()
        try:
            worked = engine.work()
        except Exception as error:
            figures.FAILED_ROUNDS.inc()
            busy = isinstance(error, Busy)
            log.warning("busy", code=error.code) if isinstance(error, Busy) else log.error(
                "fault", exc_info=error
            )
            stop.wait(1.0 if busy else pause)
            pause = min(TROUBLED_SECONDS_MAX, pause * 2)
            continue
        pause = 1.0
        if worked is None:
            deciding.clear()
            stop.wait(IDLE_SECONDS)
            continue
        deciding.set()
        figures.count(worked)
        log.info(
            "round",
            messages=worked.messages,
            unreadable=worked.unreadable,
            papers=dict(worked.papers),
            states=dict(worked.states),
            receipts=worked.receipts,
            steps={step: round(seconds * 1000) for step, seconds in worked.seconds.items()},
            ms=round((monotonic() - begun) * 1000),
        )
