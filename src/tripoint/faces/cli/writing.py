"""Writing files: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


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
