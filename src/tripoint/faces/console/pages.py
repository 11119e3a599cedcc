"""The console's pages, plain and made on the server: what happened, list by list, message by message, code by code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter

from tripoint.app import Engine
from tripoint.exchange import desk as exchange
from tripoint.exchange import store as inbox
from tripoint.faces.console import sessions, words
from tripoint.kernel.refusals import (
    Busy,
    Conflict,
    Forbidden,
    Malformed,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unknown,
)
from tripoint.kernel.text import Language, Text, liked
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.regimes.findings import FindingText, load_findings

_MISSING = re.compile(r"Missing required query parameter '(\w+)'")

PAGE = 50
"""Rows on a page."""

LANGUAGE = "tripoint_language"

STATUS: dict[type[Refusal], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    Unknown: 404,
    Conflict: 409,
    TooLarge: 413,
    Busy: 503,
}
"""The status of each kind of refusal."""

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends forms with the origin "null"
    "Cache-Control": "no-store",
}
"""What every page tells the browser: run nothing, fetch nothing elsewhere, keep nothing."""

Short = Annotated[str, QueryParameter(max_length=200)]
State = Annotated[str, QueryParameter(name="state", max_length=40)]
log = structlog.get_logger("tripoint.console")

pages = Environment(
    loader=PackageLoader("tripoint.faces.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.filters |= {"moment": words.moment, "shown": words.shown}
pages.globals |= {"detail": words.detail}


def language_of(request: Request[Any, Any, Any]) -> Language:
    """The page's language: as asked (?lang=), as chosen before (cookie), as the browser likes, else Chinese."""
    for said in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        if said in ("zh", "en"):
            return "en" if said == "en" else "zh"
    return liked(request.headers.get("accept-language", "")) or "zh"


def page(
    request: Request[Any, Any, Any], name: str, *, status: int = 200, entered: bool = True, **its: Any
) -> Response[str]:
    """A page of a template, in the reader's language, with the headers that keep it harmless."""
    language = language_of(request)

    def here(**changed: Any) -> str:
        kept = {key: request.query_params[key] for key in request.query_params if key != "key"}
        query = urlencode({key: value for key, value in (kept | changed).items() if value not in (None, "")})
        return f"{request.url.path}?{query}" if query else request.url.path

    text = pages.get_template(name).render(
        language=language,
        t=lambda word: words.word(word, language),
        state=lambda code: words.state(code, language),
        here=here,
        entered=entered,
        **its,
    )
    response = Response(text, media_type="text/html", status_code=status, headers=SAFE)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(LANGUAGE, language, max_age=365 * 86400, samesite="strict", httponly=True)
    return response


def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str]:
    """A refusal as a page; whoever has not logged in is shown how."""
    status = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    if isinstance(refusal, Unauthenticated | Forbidden):
        tried = None if refusal.code == "CONSOLE-LOGIN" else refusal.text.in_(language_of(request))
        return page(request, "login.html", status=status, entered=False, why=tried)
    return _error(request, status, refusal.code, refusal.text)


def not_routed(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """A wrong parameter as a page, which names it."""
    text = Text("请求有误", "the request is wrong")
    if names := ", ".join(_wrong(request, error)):
        text = Text(f"参数 {names} 缺失或有误", f"the parameter {names} is missing or wrong")
    return _error(request, error.status_code, f"HTTP-{error.status_code}", text)


def _wrong(request: Request[Any, Any, Any], error: HTTPException) -> Iterator[str]:
    """The parameters that are wrong, as their page's address names them."""
    yield from _MISSING.findall(error.detail)
    for entry in error.extra if isinstance(error.extra, list) else ():
        name = str(entry.get("key", ""))
        field = request.route_handler.parsed_fn_signature.parameters.get(name)
        yield getattr(field and field.kwarg_definition, "name", None) or name


def faulted(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """A fault of ours: logged whole, shown without its inside."""
    log.error("fault", path=request.url.path, exc_info=error)
    return _error(request, 500, "FAULT", Text("系统出错，已记录", "we have made a mistake and noted it"))


def _error(request: Request[Any, Any, Any], status: int, code: str, text: Text) -> Response[str]:
    return page(
        request,
        "error.html",
        status=status,
        entered=bool(request.cookies.get(sessions.COOKIE)),
        code=code,
        text=text.in_(language_of(request)),
    )


def router(engine: Engine) -> Router:
    """The console's routes over an engine."""
    handlers = [*_doors(engine), *_views(engine)]
    return Router(
        "/",
        route_handlers=handlers,
        include_in_schema=False,
        exception_handlers={Refusal: refused, HTTPException: not_routed, Exception: faulted},
    )


def _doors(engine: Engine) -> list[Any]:
    """Coming in and going out."""

    @get("/console.css", sync_to_thread=False, media_type="text/css")
    def style() -> Response[bytes]:
        data = files("tripoint.faces.console").joinpath("console.css").read_bytes()
        return Response(data, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @get("/login", sync_to_thread=True)
    def login(request: Request[Any, Any, Any], key: Short = "") -> Response[str]:
        return _enter(engine, request, key) if key else page(request, "login.html", entered=False, why=None)

    @post("/login", status_code=200)
    async def login_form(request: Request[Any, Any, Any]) -> Response[str]:
        _refuse_other_sites(request)
        form = parse_qs((await request.body())[:4096].decode("utf-8", "replace"))
        return _enter(engine, request, form.get("key", [""])[0])

    @post("/logout", status_code=303, sync_to_thread=True)
    def logout(request: Request[Any, Any, Any]) -> Response[None]:
        _refuse_other_sites(request)
        sessions.end_session(engine, sessions.looking(request, engine))
        response = Response(None, status_code=303, headers=SAFE | {"Location": "/login"})
        response.set_cookie(sessions.cookie("", secure=request.url.scheme == "https"))
        return response

    return [style, login, login_form, logout]


def _enter(engine: Engine, request: Request[Any, Any, Any], text: str) -> Response[str]:
    """Let in whoever shows an operator's key; the page goes on by itself, so that a strict cookie is sent along."""
    session = sessions.open_session(engine, text)
    response = page(request, "entered.html", entered=False)
    response.set_cookie(sessions.cookie(session, secure=request.url.scheme == "https"))
    return response


def _refuse_other_sites(request: Request[Any, Any, Any]) -> None:
    """Raises Forbidden for a form that another site has sent."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden(
            "CONSOLE-ORIGIN", "请求来自其他网站", "the request comes from another site"
        )  # fmt: skip


def _views(engine: Engine) -> list[Any]:
    """What is shown to whoever has logged in."""

    @get("/", sync_to_thread=True)
    def overview(request: Request[Any, Any, Any]) -> Response[str]:
        sessions.looking(request, engine)
        with engine.transaction() as tx:
            summary = enquiries.summary(tx)
            rows = enquiries.lists(tx, most=15)
            backlog = inbox.waiting(tx)["messages"]
        return page(
            request, "overview.html", summary=summary, rows=rows, backlog=backlog, papers=_papers(summary)
        )

    @get("/lists", sync_to_thread=True)
    def lists(
        request: Request[Any, Any, Any], list_state: State = "", code: Short = "", after: Short = ""
    ) -> Response[str]:
        sessions.looking(request, engine)
        _refuse_unknown(list_state, words.LIST_STATES)
        if code:
            _known(code)
        with engine.transaction() as tx:
            rows = enquiries.lists(
                tx, state=list_state or None, code=code or None, after=after or None, most=PAGE + 1
            )
        following = rows[PAGE - 1].cursor if len(rows) > PAGE else None
        return page(
            request,
            "lists.html",
            rows=rows[:PAGE],
            following=following,
            chosen=list_state,
            code=code,
            after=after,
            choices=words.LIST_STATES,
        )

    @get("/list", sync_to_thread=True)
    def one(request: Request[Any, Any, Any], number: Short) -> Response[str]:
        sessions.looking(request, engine)
        with engine.transaction() as tx:
            its = enquiries.explain(tx, number.strip())
        return page(request, "list.html", its=its)

    @get("/messages", sync_to_thread=True)
    def messages(
        request: Request[Any, Any, Any],
        message_state: State = "",
        before: Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)] = None,
    ) -> Response[str]:
        sessions.looking(request, engine)
        _refuse_unknown(message_state, words.MESSAGE_STATES)
        with engine.transaction() as tx:
            rows = inbox.messages(tx, most=PAGE + 1, before=before, state=message_state or None)
        following = rows[PAGE - 1]["message_id"] if len(rows) > PAGE else None
        return page(
            request,
            "messages.html",
            rows=rows[:PAGE],
            following=following,
            chosen=message_state,
            before=before,
            choices=words.MESSAGE_STATES,
        )

    @get("/message", sync_to_thread=True)
    def message(
        request: Request[Any, Any, Any], number: Annotated[int, QueryParameter(ge=1, le=2**63 - 1)]
    ) -> Response[str]:
        sessions.looking(request, engine)
        with engine.transaction() as tx:
            its = exchange.message(tx, number, None)
            sent = answers.answering(tx, number, most=PAGE)
        return page(request, "message.html", its=its, sent=sent)

    @get("/findings", sync_to_thread=True)
    def findings(request: Request[Any, Any, Any], code: Short = "") -> Response[str]:
        sessions.looking(request, engine)
        if not code:
            known = sorted(load_findings().values(), key=lambda its: its.code)
            return page(request, "findings.html", known=known)
        return page(request, "finding.html", its=_known(code))

    return [overview, lists, one, messages, message, findings]


def _refuse_unknown(state: str, known: Sequence[str]) -> None:
    """Raises Malformed for a state that is none: an empty page would look like an answer."""
    if state and state not in known:
        choices = ", ".join(known)
        raise Malformed(
            "STATE", f"没有状态 {state}；现有 {choices}", f"there is no state {state}; there are {choices}"
        )


def _known(code: str) -> FindingText:
    """The finding of a code; raises Unknown."""
    found = load_findings().get(code)
    if found is None:
        raise Unknown("FINDING-UNKNOWN", f"没有校验代码 {code}", f"there is no finding {code}")
    return found


def _papers(summary: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Messages and papers by type: `CEB311`, 12 messages, 340 papers."""
    messages, papers = Counter[str](), Counter[str]()
    for row in summary["messages"]:
        messages[row["message_type"]] += row["messages"]
        papers[row["message_type"]] += row["papers"]
    return [(name, messages[name], papers[name]) for name in sorted(messages)]
