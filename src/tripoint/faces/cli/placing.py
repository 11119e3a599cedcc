"""Putting what goes out into files: under its own name, and never half a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tripoint.platforms.clearance.answers import desk as answers

if TYPE_CHECKING:
    from tripoint.app import Engine

PAGE = 100
"""Outgoing messages written in one transaction."""


def outgoing(engine: Engine, after: int, recipient_code: str | None = None) -> Iterator[answers.Outgoing]:
    """Everything that has gone out after a cursor, in order, in bounded memory."""
    while True:
        with engine.transaction() as tx:
            page = answers.outgoing(tx, recipient_code=recipient_code, after=after, most=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].outbox_id


def file_name(message: answers.Outgoing) -> str:
    """The name of an outgoing message's file: its type, its number, its guid."""
    return f"{message.message_type}_{message.outbox_id:010d}_{message.message_guid}.xml"


def put(folder: Path, name: str, body: bytes) -> Path:
    """Write a file whole or not at all, also when the machine loses power; the same name again is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.{os.getpid()}.part"
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    path = folder / name
    part.replace(path)
    return path
