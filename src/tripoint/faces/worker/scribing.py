"""Writing the XML of receipts after the rounds that gave them: block by block, signed, out of the way of deciding.

What waits stands in the database (`receipt_blocks.written`): a process that dies in the middle has written nothing of its
block, and the next one writes it. Whoever asks for a message before its turn has it written, after a moment.
"""

from __future__ import annotations

import threading
from time import monotonic

import structlog

from tripoint.app import Engine
from tripoint.faces.worker import figures
from tripoint.faces.worker.deciding import Deciding
from tripoint.kernel.refusals import Busy

IDLE_SECONDS = 0.25
"""How often is looked for new receipts while there are none."""

FAULT_SECONDS = 30
"""The pause after a block could not be written, or the database was out of reach."""

YIELDING = 3
"""While papers wait, a block is followed by a pause of so many times what it took: deciding goes before writing."""

LATE_SECONDS = 1
"""Receipts given so long ago are written without such a pause: nobody waits for them for ever."""

log = structlog.get_logger("tripoint.worker")


def run(engine: Engine, stop: threading.Event, deciding: Deciding) -> None:
    """Write what is unwritten until `stop` is set; while `deciding` is, and nothing is late, a quarter of the time."""
    after = 0
    while not stop.is_set():
        begun = monotonic()
        try:
            scribed = engine.write_answers(after)
            if scribed is None:
                figures.UNWRITTEN.set(engine.unwritten())
        except Exception as error:
            log.warning("busy", code=error.code) if isinstance(error, Busy) else log.error(
                "fault", exc_info=error
            )
            stop.wait(FAULT_SECONDS)
            continue
        if scribed is None:
            stop.wait(IDLE_SECONDS if after == 0 else FAULT_SECONDS)
            after = 0
            continue
        figures.WRITTEN.inc(scribed.messages)
        if scribed.fault is not None:
            log.error("fault", block=scribed.block, exc_info=scribed.fault)
            after = scribed.block
        is_late = (engine.clock.now() - scribed.given_at).total_seconds() > LATE_SECONDS
        if deciding.is_set() and not is_late:
            stop.wait(YIELDING * (monotonic() - begun))
