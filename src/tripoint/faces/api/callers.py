"""Who asks: an API key in the Authorization header, and what it allows (registers/access)."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.params import SkipValidation

from tripoint.app import Engine
from tripoint.kernel.refusals import Unauthenticated
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.records import Principal, Scope

Wired = SkipValidation[Engine]
"""The engine, as a handler receives it."""

Caller = SkipValidation[Principal]
"""Who asks, as a handler receives it."""

_OPERATORS = frozenset({Scope.OPERATOR, Scope.ADMIN})


def authenticated(request: Request[Any, Any, Any], engine: Wired) -> Principal:
    """Who holds the request's key; raises Unauthenticated."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise Unauthenticated(
            "ACCESS-KEY-MISSING",
            "请在 Authorization 头中以 Bearer 方式出示密钥",
            "show a key: Authorization: Bearer tp_…",
        )
    with engine.transaction() as tx:
        principal = access.authenticate(tx, text.strip(), now=engine.clock.now())
    request.scope.setdefault("state", {})["key_id"] = principal.key_id
    return principal


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
