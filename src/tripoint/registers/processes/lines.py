"""What a process writes down for its operator: one JSON object a line on standard error, UTC times.

Who logs names what it is about by numbers of ours (request_id, message_id, key_id, round_id); never a body, a query, a
person or a paper's number (tests/faces/api/test_operations.py looks through the logs of a whole rehearsal for them). Of a
fault stand its kind and places, not its sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

_encoder = msgspec.json.Encoder(enc_hook=str)


class _Lines:
    """Lines on their way to standard error: those of one turn of an event loop are written together, others at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._lock = threading.Lock()

    def msg(self, line: bytes) -> None:
        """Write a line, or leave it to the end of the loop's turn."""
        with self._lock:
            self._lines.append(line)
            is_first = len(self._lines) == 1
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if is_first:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what has not been written; a log that cannot be written stops nobody."""
        with self._lock:
            text = b"".join(line + b"\n" for line in self._lines)
            self._lines.clear()
        with contextlib.suppress(OSError):
            while text:
                text = text[os.write(self._descriptor, text) :]

    debug = info = warning = error = critical = exception = log = msg


def configure(level: int = logging.INFO, descriptor: int = 2) -> None:
    """Have structlog write JSON lines to a file descriptor (2 is standard error)."""
    lines = _Lines(descriptor)
    structlog.configure(
        processors=[_rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Others(lines)], level=logging.WARNING, force=True)
    # One line a try, from each of its threads: that the database is out of reach is told once, by who watches it.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class _Others(logging.Handler):
    """What comes by Python's own logging, as lines too; of libraries the sentence without what they would put into it."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        is_ours = record.name.partition(".")[0] == "tripoint"
        said = record.getMessage() if is_ours else str(record.msg)
        event: dict[str, Any] = {"event": said, "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info[1]
        self._lines.msg(_rendered(None, record.levelname.lower(), event))


def _rendered(_: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
    """One event as a line."""
    fault = event.pop("exc_info", None)
    if fault is not None:
        event["fault"] = places(fault if isinstance(fault, BaseException) else sys.exc_info()[1])
    event["level"] = level
    event["timestamp"] = datetime.now(UTC).isoformat()
    return _encoder.encode(event)


def places(fault: BaseException | None) -> str:
    """Kinds of fault and where they arose, cause first; not what they say, for that may quote a person's numbers."""
    said = []
    while fault is not None:
        where = (f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(fault.__traceback__))
        state = getattr(fault, "sqlstate", None) or getattr(fault, "code", None)
        kind = f"{type(fault).__qualname__}{f' [{state}]' if state else ''}"
        said.append(f"{kind} at {' < '.join(reversed([*where]))}")
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return "; then ".join(reversed(said))
