"""A message as it is handed in, and as it is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tripoint.exchange.packing import pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message as it was handed in: its bytes, the enterprise (empty for the operator), the way in, its file's name."""

    raw: bytes
    sender_code: str = ""
    channel: str = "cli"
    name: str = ""

    @property
    def bytes(self) -> int:
        """How many bytes it has."""
        return len(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A message ready to be kept: the SHA-256 of its bytes, and the bytes compressed."""

    digest: bytes
    packed: bytes
    bytes: int
    sender_code: str
    channel: str
    name: str

    @classmethod
    def of(cls, posted: Posted) -> Packed:
        """Digest and compress; costs time, and needs no database."""
        return cls(
            digest=hashlib.sha256(posted.raw).digest(),
            packed=pack(posted.raw),
            bytes=len(posted.raw),
            sender_code=posted.sender_code,
            channel=posted.channel,
            name=posted.name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message in the inbox; `is_new` is false where the same bytes from the same sender had come before."""

    message_id: int
    received_at: datetime
    state: str
    is_new: bool
