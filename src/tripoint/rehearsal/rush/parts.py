"""The bytes of prepared messages: plain where there are few, compressed where they would fill the disk; read in order."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import zstandard

WINDOW_LOG = 26
"""Papers resemble those of thousands of trades before: 64 MiB back."""


def name(number: int) -> str:
    """The file of a part; compressed ones end in .zst."""
    return f"messages-{number:05d}.bin"


def write(folder: Path, number: int, pieces: list[bytes], *, packed: bool) -> None:
    """Write a part."""
    path = folder / name(number)
    if not packed:
        with path.open("wb") as file:
            file.writelines(pieces)
        return
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=WINDOW_LOG, enable_ldm=True)
    packed_bytes = zstandard.ZstdCompressor(compression_params=settings).compress(b"".join(pieces))
    path.with_suffix(".bin.zst").write_bytes(packed_bytes)


class Parts:
    """Parts read by one client, in order: of compressed ones the current and the next are held, unpacked beside the loop."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self._count = folder, count
        self._files: dict[int, int] = {}
        self._held: dict[int, asyncio.Future[bytes]] = {}

    async def message(self, part: int, start: int, length: int) -> bytes:
        """The bytes of one message."""
        path = self._folder / name(part)
        if part in self._files or path.exists():
            if part not in self._files:
                self._files[part] = os.open(path, os.O_RDONLY)
            return os.pread(self._files[part], length, start)
        for wanted in (part, part + 1):
            if wanted not in self._held and wanted < self._count:
                self._held[wanted] = self._unpacking(wanted)
        for old in [number for number in self._held if number < part - 1]:
            del self._held[old]
        whole = await asyncio.shield(self._held[part])
        return whole[start : start + length]

    def _unpacking(self, part: int) -> asyncio.Future[bytes]:
        path = (self._folder / name(part)).with_suffix(".bin.zst")
        return asyncio.get_running_loop().run_in_executor(None, _unpacked, path)


def _unpacked(path: Path) -> bytes:
    return zstandard.ZstdDecompressor(max_window_size=2**WINDOW_LOG).decompress(path.read_bytes())
