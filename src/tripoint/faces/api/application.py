"""The HTTP application: routes, problem documents, description, and the pages that others serve beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from tripoint import __version__
from tripoint.app import Engine
from tripoint.faces.api import keys, lists, messages, receipts, standing, trials, webhooks
from tripoint.faces.api.callers import authenticated
from tripoint.faces.api.description import PlainPage
from tripoint.faces.api.logs import Journal
from tripoint.faces.api.problems import HANDLERS

JSON_BYTES_MAX = 1024 * 1024
"""The largest JSON body taken; messages have their own limit."""

ABOUT = """Papers in, receipts out: the HTTP API of a Tripoint installation.

Every request shows an API key: `Authorization: Bearer tp_…`. A firm sees and sends only its own. Amounts are text.
What cannot be served is answered by a problem document (RFC 9457) in the language of `Accept-Language` (zh, en).
"""

TAGS = [
    Tag(name="messages", description="Papers in: send a message, ask what became of it."),
    Tag(name="receipts", description="Receipts out: poll, wait, fetch the messages made of them."),
    Tag(name="lists", description="Declaration lists: state, findings, tax, journal."),
    Tag(name="trials", description="Validate and assess without sending."),
    Tag(name="webhooks", description="Have receipts posted."),
    Tag(name="keys", description="API keys, for the operator."),
    Tag(name="standing", description="Is it alive, is it ready, what is there to count."),
]

ROUTERS = (messages.router, receipts.router, lists.router, trials.router, webhooks.router, keys.router)


def make(engine: Engine, beside: Sequence[Router] = ()) -> Litestar:
    """The application over an engine; `beside` are routers of other faces served by the same process."""
    described = OpenAPIConfig(
        title="Tripoint",
        version=__version__,
        description=ABOUT,
        path="/v1",
        render_plugins=[JsonRenderPlugin(), PlainPage()],
        tags=TAGS,
        security=[{"key": []}],
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer", description="An API key.")}
        ),
    )
    papers = Router(
        "/v1",
        route_handlers=list(ROUTERS),
        dependencies={"caller": Provide(authenticated, sync_to_thread=True)},
    )
    wired: dict[str, Any] = {"engine": Provide(lambda: engine, sync_to_thread=False)}
    return Litestar(
        route_handlers=[papers, standing.router, *beside],
        dependencies=wired,
        exception_handlers=HANDLERS,
        middleware=[Journal],
        openapi_config=described,
        request_max_body_size=JSON_BYTES_MAX,
        logging_config=None,
    )
