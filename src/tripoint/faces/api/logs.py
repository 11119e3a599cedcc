"""What is written down of each request: method, route, status, time, whose key; never a body, a query or a person."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tripoint.faces.api import metrics

log = structlog.get_logger("tripoint.api")


def configure(level: int = logging.INFO) -> None:
    """JSON lines on standard error, with UTC times and whole tracebacks."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


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
    state.setdefault("request_id", uuid.uuid4().hex)
    return state


def answered(method: str, route: str, status: int, seconds: float, state: Mapping[str, Any]) -> None:
    """Count and log a request that has been answered."""
    metrics.requested(method, route, status, seconds)
    with contextlib.suppress(OSError, ValueError):  # a log that cannot be written stops nobody
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
