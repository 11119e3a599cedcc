"""Writing files: whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tripoint.kernel.refusals import Unknown


@contextmanager
def into(folder: Path) -> Iterator[None]:
    """Writing below a folder that somebody named: what the system refuses is told, and is no fault of ours."""
    try:
        yield
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise Unknown("FILE", f"无法写入 {folder}：{said}", f"{folder} cannot be written: {said}") from error


def make(folder: Path) -> None:
    """Make a folder that somebody named, before the work whose result it is for; raises Unknown where it cannot be written."""
    with into(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


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
