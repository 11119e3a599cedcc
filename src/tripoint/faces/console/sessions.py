"""Who looks at the console: an operator's key, shown once at /login, lives on as a cookie of its own for a working day.

The cookie is a key that only the console takes, and is over at the latest when the key that it was opened with is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from tripoint.app import Engine
from tripoint.kernel.refusals import Forbidden, Unauthenticated
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.records import Principal, Scope

COOKIE = "tripoint_console"
SESSION = "console session"
"""The name of the keys behind cookies."""

LASTS = timedelta(hours=12)


def open_session(engine: Engine, text: str) -> str:
    """The key of a new session for whoever shows an operator's key, or one made to open the console once.

    Raises Unauthenticated and Forbidden, also for the key of another session: nobody prolongs his own.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        principal = access.authenticate(tx, text.strip(), now=now)
        opened_with: str | None = principal.key_id
        if Scope.LOGIN in principal.scopes:
            access.revoke_key(tx, principal.key_id, at=now)
            opened_with = None
        elif principal.enterprise_code is not None or Scope.CONSOLE in principal.scopes:
            raise Forbidden(
                "CONSOLE-OPERATOR",
                "控制台仅供运营者使用，请出示运营者密钥",
                "the console is the operator's; show an operator's key",
            )
        else:
            rules.require(principal, Scope.OPERATOR)
        issued = access.create_key(
            tx, None, SESSION, {Scope.CONSOLE}, now=now, expires_at=now + LASTS, opened_with=opened_with
        )
    return issued.text


def looking(request: Request[Any, Any, Any], engine: Engine) -> Principal:
    """Who holds the cookie; raises Unauthenticated or Forbidden."""
    text = request.cookies.get(COOKIE)
    if not text:
        raise Unauthenticated("CONSOLE-LOGIN", "请先登录控制台", "log in to the console first")
    with engine.transaction() as tx:
        principal = access.authenticate(tx, text, now=engine.clock.now())
    rules.require(principal, Scope.CONSOLE)
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
