"""How bytes are kept: compressed by Zstandard, and given back as they came."""

from __future__ import annotations

import threading
from typing import Final

import zstandard

PLAIN: Final = "plain"
"""Kept as they came: messages from before they were packed."""

ZSTD: Final = "zstd"

LEVEL = 1
"""Papers shrink to an eighth; higher levels cost more and gain nothing on them (docs/internals/reliability.md)."""


_MAGIC = zstandard.MAGIC_NUMBER.to_bytes(4, "little")


class _Own(threading.local):
    """A compressor and a decompressor of each thread's own: neither may be used by two at once."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_own = _Own()


def pack(raw: bytes | memoryview) -> bytes:
    """The bytes in fewer bytes; the frame names the size it unpacks to."""
    return _own.compressor.compress(raw)


def unpack(packing: str, kept: bytes) -> bytes:
    """The bytes as they came."""
    return kept if packing == PLAIN else _own.decompressor.decompress(kept)


def is_packed(kept: bytes) -> bool:
    """Whether bytes that may be kept either way are a Zstandard frame."""
    return kept[:4] == _MAGIC
