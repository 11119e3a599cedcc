"""Fetching what goes out: who may read it, a page of the outbox, and a body in the coding its caller accepts."""

from __future__ import annotations

from typing import NamedTuple

from litestar.types import HTTPScope

from tripoint.exchange import packing
from tripoint.faces.api.callers import Keys, require_read
from tripoint.faces.api.outbox import Mail, Outbox
from tripoint.registers.access.records import Principal

OUTBOX_ROUTE = "/v1/outbox"
BODY_ROUTE = "/v1/outbox/{outbox_id:int}"
"""The routes, as they are counted and logged."""

MEDIA_TYPE = "application/xml"


class Given(NamedTuple):
    """A body as it is given: its headers and its bytes."""

    headers: dict[str, str]
    content: bytes


class Fetching:
    """What it takes to fetch what goes out: the keys known, and the mail."""

    def __init__(self, keys: Keys, mail: Mail) -> None:
        self._keys = keys
        self._mail = mail

    async def caller(self, scope: HTTPScope) -> Principal:
        """Who asks; raises Unauthenticated."""
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        principal = await self._keys.principal(shown.decode("latin-1"))
        scope["state"]["key_id"] = principal.key_id
        return principal

    async def page(self, caller: Principal, after: int, limit: int) -> Outbox:
        """Outgoing messages after a cursor that the caller may read; raises Forbidden."""
        return await self._mail.page(require_read(caller), after, limit)

    async def body(self, caller: Principal, outbox_id: int, accepted: str) -> Given:
        """The XML of an outgoing message, as it is kept where the caller accepts that; raises Forbidden and Unknown."""
        kept = await self._mail.body(require_read(caller), outbox_id)
        headers = {"Content-Type": MEDIA_TYPE, "Vary": "Accept-Encoding"}
        if not packing.is_packed(kept):
            return Given(headers, kept)
        if accepts_zstd(accepted):
            return Given(headers | {"Content-Encoding": "zstd"}, kept)
        return Given(headers, packing.unpack(packing.ZSTD, kept))


def accepts_zstd(accepted: str) -> bool:
    """Whether an Accept-Encoding header names Zstandard with a weight above nothing."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "zstd":
            return weight.partition("=")[2].strip().strip("0.") != "" if weight else True
    return False
