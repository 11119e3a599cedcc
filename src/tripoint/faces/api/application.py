"""The HTTP application: routes, problem documents, description, and the pages that others serve beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.params import QueryParameter

from tripoint import __version__
from tripoint.app import Engine
from tripoint.faces.api import keys, lists, messages, receipts, standing, trials, webhooks
from tripoint.faces.api.callers import Keys, authenticate, caller
from tripoint.faces.api.description import PlainPage
from tripoint.faces.api.fetching import Fetching
from tripoint.faces.api.intake import Intake
from tripoint.faces.api.logs import Journal
from tripoint.faces.api.outbox import Mail
from tripoint.faces.api.problems import HANDLERS, allowed
from tripoint.faces.api.sending import Sending
from tripoint.faces.api.watch import Watch
from tripoint.registers.access.names import Names

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

_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)

DESCRIPTION = ("/v1/openapi.json", "/v1/docs")

ROUTERS = (messages.router, receipts.router, lists.router, trials.router, webhooks.router, keys.router)


def refuse_strange_parameters(request: Request[Any, Any, Any]) -> None:
    """Raises 400 for a query parameter that the operation does not have, that is said twice, or is an odd number.

    A misspelt filter must not be passed over, nor one of two cursors; and `1e3` is no way to write a thousand.
    """
    fields = request.route_handler.parsed_fn_signature.parameters
    known = {
        its.name or name: int in (field.annotation, *get_args(field.annotation))
        for name, field in fields.items()
        if isinstance(its := field.kwarg_definition, QueryParameter)
    }
    wrong = []
    for name, values in sorted(request.query_params.dict().items()):
        if name not in known:
            wrong.append({"key": name[:100], "message": "no such parameter / 没有此参数"})
        elif len(values) > 1:
            wrong.append({"key": name, "message": "said more than once / 重复出现"})
        elif known[name] and not _NUMBER.fullmatch(values[0]):
            wrong.append({"key": name, "message": "Expected `int`, got `str`"})
    if wrong:
        raise HTTPException(status_code=400, extra=wrong[:20])


def offered(request: Request[Any, Any, Any]) -> Response[None] | None:
    """The methods of an address, where they are asked for; the framework's own answer knows only its first handler's."""
    if request.method != "OPTIONS":
        return None
    here = request.scope["path_template"]
    methods = {
        method for route in request.app.routes if route.path_format == here for method in route.methods
    }
    return Response(None, status_code=204, headers={"Allow": allowed(methods)})


async def look_first(request: Request[Any, Any, Any]) -> Response[None] | None:
    """What is answered before a handler is asked; nothing is read from whoever shows no key."""
    if (methods := offered(request)) is not None:
        return methods
    if request.method in ("GET", "HEAD"):  # there is nothing to give without the database, and it may hang
        request.app.state["watch"].refuse_gone()
    await authenticate(request, request.app.state["keys"])
    refuse_strange_parameters(request)
    return None


def refuse_strange_pages(request: Request[Any, Any, Any]) -> None:
    """Raises 404 beside the pages of the description, where the framework would answer with a page of its own."""
    if request.url.path.rstrip("/") not in DESCRIPTION:
        raise HTTPException(status_code=404)


def make(engine: Engine, beside: Sequence[Router] = ()) -> Litestar:
    """The application over an engine; `beside` are routers of other faces served by the same process."""
    described = OpenAPIConfig(
        openapi_router=Router(
            "/v1", route_handlers=[], include_in_schema=False, before_request=refuse_strange_pages
        ),
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
        before_request=look_first,
        dependencies={"caller": Provide(caller, sync_to_thread=False)},
    )
    known = Keys(engine)
    watch, names = Watch(engine), Names()
    sending = Sending(known, Intake(engine), watch)
    fetching = Fetching(known, Mail(engine, watch))
    app = Litestar(
        route_handlers=[papers, standing.router, *beside],
        dependencies={
            "engine": Provide(lambda: engine, sync_to_thread=False),
            "keys": Provide(lambda: known, sync_to_thread=False),
            "names": Provide(lambda: names, sync_to_thread=False),
            "watch": Provide(lambda: watch, sync_to_thread=False),
            "sending": Provide(lambda: sending, sync_to_thread=False),
            "fetching": Provide(lambda: fetching, sync_to_thread=False),
        },
        before_request=offered,
        exception_handlers=HANDLERS,
        middleware=[Journal],
        openapi_config=described,
        request_max_body_size=JSON_BYTES_MAX,
        logging_config=None,
    )
    app.state.update({"keys": known, "sending": sending, "fetching": fetching, "watch": watch})
    return app
