"""Fetching what goes out: who may read it, a page of the outbox, and a body in the coding its caller accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from litestar.types import HTTPScope

from tripoint.exchange import packing
from tripoint.faces.api.callers import Keys, require_read
from tripoint.faces.api.headers import only
from tripoint.faces.api.outbox import Mail, Outbox
from tripoint.faces.api.quick import Line, Quick
from tripoint.kernel.refusals import Refusal
from tripoint.kernel.text import weight
from tripoint.registers.access.records import Principal

OUTBOX_ROUTE = "/v1/outbox"
BODY_ROUTE = "/v1/outbox/{outbox_id}"
"""The routes, as they are counted and logged."""

MEDIA_TYPE = "application/xml"


class Given(NamedTuple):
    """A body as it is given: its headers and its bytes."""

    headers: dict[str, str]
    content: bytes

    def wired(self) -> list[tuple[bytes, bytes]]:
        """The headers as they go out."""
        return [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]


class Giving(Quick):
    """A body at hand that is asked for."""

    method, route = "GET", BODY_ROUTE

    def __init__(self, line: Line, key_id: str, given: Given) -> None:
        super().__init__(line, key_id)
        self._given = given

    def end(self) -> bool:
        """Give it."""
        given = self._given
        del self._given
        self.answer(200, given.wired(), given.content)
        return True


class Fetching:
    """What it takes to fetch what goes out: the keys known, and the mail."""

    def __init__(self, keys: Keys, mail: Mail) -> None:
        self._keys = keys
        self.mail = mail

    async def caller(self, scope: HTTPScope) -> Principal:
        """Who asks; raises Unauthenticated, and HTTPException 400 where two keys are shown."""
        principal = await self._keys.principal(only(scope["headers"], b"authorization"))
        scope["state"]["key_id"] = principal.key_id
        return principal

    async def page(self, caller: Principal, after: int, limit: int) -> Outbox:
        """Outgoing messages after a cursor that the caller may read; raises Forbidden."""
        return await self.mail.page(require_read(caller), after, limit)

    async def body(self, caller: Principal, outbox_id: int, accepted: str) -> Given:
        """The XML of an outgoing message, as it is kept where the caller accepts that; raises Forbidden and Unknown."""
        return given(await self.mail.body(require_read(caller), outbox_id), accepted)

    def begin(self, line: Line, outbox_id: int, said: Mapping[bytes, bytes]) -> Giving | None:
        """Give a body within its connection; None where it is not at hand, or the request must be refused."""
        principal = self._keys.known(said.get(b"authorization", b""))
        if principal is None:
            return None
        try:
            kept = self.mail.at_hand(require_read(principal), outbox_id)
        except Refusal:
            return None
        if kept is None:
            return None
        accepted = said.get(b"accept-encoding", b"").decode("latin-1")
        return Giving(line, principal.key_id, given(kept, accepted))


def given(kept: bytes, accepted: str) -> Given:
    """A body as it is kept where an Accept-Encoding header allows that, else unpacked."""
    headers = {"Content-Type": MEDIA_TYPE, "Vary": "Accept-Encoding"}
    if not packing.is_packed(kept):
        return Given(headers, kept)
    if accepts_zstd(accepted):
        return Given(headers | {"Content-Encoding": "zstd"}, kept)
    return Given(headers, packing.unpack(packing.ZSTD, kept))


def accepts_zstd(accepted: str) -> bool:
    """Whether an Accept-Encoding header names Zstandard with a weight above nothing."""
    for part in accepted.lower().split(","):
        name, _, rest = part.partition(";")
        if name.strip() == "zstd":
            return weight(rest) > 0
    return False
