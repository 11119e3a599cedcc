"""The worker's threads: two hands clear what has arrived, one writes receipts as XML, one posts them; none waits for another.

While one hand writes down what it has ruled, the other takes and reads the next messages: their rounds are transactions of
their own, as those of two workers, but share what waits in memory.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from time import monotonic

import polars as pl
import structlog

from tripoint.app import Engine
from tripoint.faces.worker import beating, figures, posting, scribing
from tripoint.faces.worker.deciding import Deciding
from tripoint.faces.worker.pace import Pace
from tripoint.kernel.refusals import Busy

TROUBLED_SECONDS_MAX = 30
"""The longest pause after something went wrong; pauses double from one second."""

log = structlog.get_logger("tripoint.worker")

_PROCESS = secrets.token_hex(12)

HANDS = 2
"""Rounds that one worker has in hand at once: one is read while another is written down."""

_ROUNDS = itertools.count(1)
"""Numbers of rounds, for both hands: taking the next is one step of the interpreter."""


def run(engine: Engine, stop: threading.Event) -> None:
    """Clear, write and post until `stop` is set; a round that has begun is ended first."""
    deciding = Deciding()
    others = [
        threading.Thread(target=target, args=args, name=name, daemon=True)
        for name, target, args in (
            ("scribing", scribing.run, (engine, stop, deciding)),
            ("posting", posting.run, (engine, stop)),
            ("beating", beating.run, (engine, stop)),
        )
    ]
    hands = [
        threading.Thread(target=clear, args=(engine, stop, deciding), name=f"hand-{number}", daemon=True)
        for number in range(2, HANDS + 1)
    ]
    for thread in (*others, *hands):
        thread.start()
    clear(engine, stop, deciding)
    for hand in hands:
        hand.join()
    for other in others:
        other.join(posting.POST_SECONDS)


def clear(engine: Engine, stop: threading.Event, deciding: Deciding) -> None:
    """Work on what has arrived, round after round. What fails is logged and tried again: nothing was committed."""
    pause, pace = 1.0, Pace()
    for number in _ROUNDS:
        begun = monotonic()
        try:
            while not (stop.is_set() or engine.is_waiting()):
                deciding.rest()
                stop.wait(pace.rested())
            if stop.is_set():
                return
            deciding.begin()
            begun = monotonic()
            worked = engine.work()
        except (Exception, pl.exceptions.PanicException) as error:  # a hand that ended would not be missed
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
        pace.worked()
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
