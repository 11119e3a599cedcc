"""What is written down of each request: method, route, status, time, whose key; never a body, a query or a person."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Mapping
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tripoint.faces.api import metrics

log = structlog.get_logger("tripoint.api")

_PROCESS = secrets.token_hex(12)
_numbers = itertools.count(1)


class Journal:
    """ASGI middleware: counts and logs each request once it has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and look at what comes back."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0
        numbered(scope)

        async def look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, look)
        finally:
            state: dict[str, Any] = scope.get("state") or {}
            answered(str(scope["method"]), _route(scope), status, time.perf_counter() - begun, state)


def numbered(scope: Scope) -> dict[str, Any]:
    """The state of a request, with the number it is logged under."""
    state: dict[str, Any] = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = f"{_PROCESS}{next(_numbers):08x}"
    return state


def answered(method: str, route: str, status: int, seconds: float, state: Mapping[str, Any]) -> None:
    """Count and log a request that has been answered."""
    metrics.requested(method, route, status, seconds)
    more = {"message_id": state["message_id"]} if "message_id" in state else {}
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        key_id=state.get("key_id"),
        request_id=state["request_id"],
        **more,
    )


def _route(scope: Scope) -> str:
    """The route's own pattern; what a caller made up is not repeated."""
    template: Any = scope.get("path_template")
    return template if isinstance(template, str) and template else "-"
