"""What a process writes down for its operator: one JSON object a line on standard error, UTC times, whole tracebacks.

Who logs names what it is about by numbers of ours (request_id, message_id, key_id, round_id); never a body, a query, a
person or a paper's number (tests/faces/api/test_logs.py looks through the logs of a whole rehearsal for them).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
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


def _rendered(logger: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
    """One event as a line."""
    if "exc_info" in event:
        event = structlog.processors.dict_tracebacks(logger, level, event)
    event["level"] = level
    event["timestamp"] = datetime.now(UTC).isoformat()
    return _encoder.encode(event)
