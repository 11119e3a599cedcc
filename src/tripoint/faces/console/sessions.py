"""Who looks at the console: an operator's key, shown once at /login, lives on as a cookie of its own for a working day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from tripoint.app import CONSOLE_LOGIN, Engine
from tripoint.kernel.refusals import Forbidden, Unauthenticated
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.records import Principal, Scope

COOKIE = "tripoint_console"
SESSION = "console session"
"""The name of the keys behind cookies."""

LASTS = timedelta(hours=12)


def open_session(engine: Engine, text: str) -> str:
    """The key of a new session for whoever shows an operator's key; one made to open the console once is used up."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        principal = access.authenticate(tx, text.strip(), now=now)
        rules.require(principal, Scope.OPERATOR)
        if principal.enterprise_code is not None:
            raise Forbidden("CONSOLE-OPERATOR", "控制台仅供运营者使用", "the console is the operator's")
        page = access.keys(tx, "", after=_before(principal.key_id), limit=1)
        if page and page[0].key_id == principal.key_id and page[0].name == CONSOLE_LOGIN:
            access.revoke_key(tx, principal.key_id, at=now)
        return access.create_key(tx, None, SESSION, {Scope.OPERATOR}, now=now, expires_at=now + LASTS).text


def _before(key_id: str) -> str:
    """The number just before a key's, so that a page of one after it begins with that key."""
    number = int(key_id, 16)
    return f"{number - 1:012x}" if number else ""


def looking(request: Request[Any, Any, Any], engine: Engine) -> Principal:
    """Who holds the cookie; raises Unauthenticated or Forbidden."""
    text = request.cookies.get(COOKIE)
    if not text:
        raise Unauthenticated("CONSOLE-LOGIN", "请先登录控制台", "log in to the console first")
    with engine.transaction() as tx:
        principal = access.authenticate(tx, text, now=engine.clock.now())
    rules.require(principal, Scope.OPERATOR)
    return principal


def end_session(engine: Engine, principal: Principal) -> None:
    """Take the session's key back."""
    with engine.transaction() as tx:
        access.revoke_key(tx, principal.key_id, at=engine.clock.now())


def cookie(text: str, *, secure: bool) -> Cookie:
    """The cookie no script can read and no other site can send."""
    return Cookie(
        key=COOKIE,
        value=text,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
        max_age=int(LASTS.total_seconds()) if text else 0,
    )
