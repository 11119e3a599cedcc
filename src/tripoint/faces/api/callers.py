"""Who asks: an API key in the Authorization header, and what it allows (registers/access)."""

from __future__ import annotations

import hashlib
from time import monotonic
from typing import Any

from anyio import fail_after, to_thread
from litestar import Request
from litestar.params import SkipValidation

from tripoint.app import Engine
from tripoint.faces.api.headers import only
from tripoint.faces.api.watch import gone
from tripoint.kernel.refusals import Unauthenticated
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.records import Principal, Scope

Wired = SkipValidation[Engine]
"""The engine, as a handler receives it."""

Caller = SkipValidation[Principal]
"""Who asks, as a handler receives it."""

KNOWN_SECONDS = 5.0
"""So long a key that was good is not looked up again: a key revoked elsewhere is good for no longer than this."""

LOOK_UP_SECONDS_MAX = 10.0
"""A key that has not been found by then is not waited for: the database hangs."""

KNOWN_MOST = 10_000
"""Keys remembered at most."""

_OPERATORS = frozenset({Scope.OPERATOR, Scope.ADMIN})


class Keys:
    """The keys shown lately and who holds them; of a key only the digest of its text is remembered.

    Good keys are remembered for `KNOWN_SECONDS`, never beyond their expiry, and not at all once `forget` is called, as
    the handler that revokes a key does: nor is what a look-up under way then finds. Keys that were refused are looked up
    every time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def principal(self, authorization: str) -> Principal:
        """Who holds the key of an Authorization header; raises Unauthenticated, and Busy where nobody can tell in time."""
        text = _text(authorization)
        if not text:
            raise Unauthenticated(
                "ACCESS-KEY-MISSING",
                "请在 Authorization 头中以 Bearer 方式出示密钥",
                "show a key: Authorization: Bearer tp_…",
            )
        digest = hashlib.sha256(text.encode()).digest()
        principal = self._remembered(digest)
        if principal is not None:
            return principal
        looked_at, known = monotonic(), self._known
        try:
            with fail_after(LOOK_UP_SECONDS_MAX):
                principal = await to_thread.run_sync(self._look_up, text, abandon_on_cancel=True)
        except TimeoutError:
            raise gone() from None
        if len(known) >= KNOWN_MOST:
            known.clear()
        known[digest] = (looked_at + KNOWN_SECONDS, principal)
        return principal

    def known(self, authorization: bytes) -> Principal | None:
        """Who holds the key of an Authorization header, where that is remembered."""
        return self._remembered(hashlib.sha256(_text(authorization.decode("latin-1")).encode()).digest())

    def _remembered(self, digest: bytes) -> Principal | None:
        until, principal = self._known.get(digest, (0.0, None))
        if principal is None or monotonic() >= until or self._has_expired(principal):
            return None
        return principal

    def forget(self) -> None:
        """Look every key up again."""
        self._known = {}  # and not cleared: what is being looked up is still put into the one before

    def _has_expired(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self._engine.clock.now()

    def _look_up(self, text: str) -> Principal:
        with self._engine.transaction() as tx:
            return access.authenticate(tx, text, now=self._engine.clock.now())


def _text(authorization: str) -> str:
    """The text of the key in an Authorization header; empty where it shows none."""
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


KnownKeys = SkipValidation[Keys]
"""The keys known, as a handler receives them."""


async def authenticate(request: Request[Any, Any, Any], keys: Keys) -> None:
    """Find out who holds the request's key; raises Unauthenticated, and HTTPException 400 where two keys are shown."""
    principal = await keys.principal(only(request.scope["headers"], b"authorization"))
    request.scope.setdefault("state", {}).update(key_id=principal.key_id, caller=principal)


def caller(request: Request[Any, Any, Any]) -> Principal:
    """Who asks, once that has been found out."""
    found: Principal = request.scope["state"]["caller"]
    return found


def is_operator(caller: Principal) -> bool:
    """Whether the operator of this computer asks."""
    return caller.enterprise_code is None and bool(_OPERATORS & caller.scopes)


def require_operator(caller: Principal) -> None:
    """Raises Forbidden unless the operator asks."""
    rules.require(caller, Scope.OPERATOR)


def require_send(caller: Principal) -> str:
    """The code a message is kept under (empty for the operator); raises Forbidden without the scope."""
    if not is_operator(caller):
        rules.require(caller, Scope.SEND)
    return caller.enterprise_code or ""


def require_read(caller: Principal) -> str | None:
    """Whose matters the caller sees: its own enterprise's, or everybody's (None). Raises Forbidden without the scope."""
    if caller.enterprise_code is None and (is_operator(caller) or Scope.OFFICER in caller.scopes):
        return None
    rules.require(caller, Scope.READ)
    return caller.enterprise_code
