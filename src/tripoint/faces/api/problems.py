"""What a caller is told when a request cannot be served: RFC 9457 problem documents in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from tripoint.faces.api import metrics
from tripoint.faces.api.logs import numbered
from tripoint.faces.api.mistakes import NO_BODY, choices_of, told
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

MEDIA_TYPE = "application/problem+json"

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

TITLES: dict[int, Text] = {
    400: Text("请求有误", "The request cannot be understood"),
    401: Text("未认证", "Nobody knows who asks"),
    403: Text("无权限", "Who asks may not"),
    404: Text("不存在", "There is no such thing"),
    405: Text("不允许该方法", "This method is not offered here"),
    408: Text("请求超时", "The request came too slowly"),
    409: Text("与此前内容冲突", "It was said before, differently"),
    413: Text("内容过大", "It is larger than is taken"),
    415: Text("不支持该内容类型", "This kind of content is not taken"),
    431: Text("请求头过大", "The head of the request is too large"),
    500: Text("系统内部错误", "We have made a mistake"),
    501: Text("不支持该传输编码", "This is not offered"),
    503: Text("暂时无法处理", "Not now; try again"),
}

ROUTING: dict[int, tuple[str, Text]] = {
    400: (
        "REQUEST-INVALID",
        Text("请求的参数或内容有误，见 errors", "a parameter or the body is wrong; see errors"),
    ),
    404: ("ROUTE-UNKNOWN", Text("没有这个地址", "there is nothing at this address")),
    405: (
        "METHOD-NOT-ALLOWED",
        Text("该地址不接受此方法，见 Allow", "this method is not offered; see Allow"),
    ),
    408: ("BODY-SLOW", Text("请求内容迟迟未到齐", "the body did not arrive in time")),
    413: ("BODY-TOO-LARGE", Text("请求内容过大", "the body is larger than is taken")),
    415: (
        "CONTENT-TYPE",
        Text(
            "请以 application/xml、text/xml 或 application/octet-stream 发送，不加压缩",
            "send application/xml, text/xml or application/octet-stream, not compressed",
        ),
    ),
}
"""What the router itself refuses: code and sentence by status."""

UNREAD: dict[int, tuple[str, Text]] = {
    400: ("HTTP-MALFORMED", Text("所收内容不是合规的 HTTP/1.1 请求", "this is not HTTP/1.1")),
    408: ROUTING[408],
    431: (
        "HEAD-TOO-LARGE",
        Text("请求头（含尾部字段）超过 64 KiB", "head and trailers are more than 64 KiB"),
    ),
    501: (
        "TRANSFER-CODING",
        Text("除 chunked 外不支持其他传输编码", "no transfer coding but chunked is understood"),
    ),
}
"""What the connection refuses before there is a request: code and sentence by status."""

FAULT = (
    "FAULT",
    Text("系统出错，已记录；请凭 request_id 查询", "we have made a mistake and noted it under request_id"),
)

log = structlog.get_logger("tripoint.api")


class FieldError(msgspec.Struct, omit_defaults=True):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Texts(msgspec.Struct):
    """One sentence in both languages."""

    zh: str
    en: str


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457: why a request was not served. `code` never changes its meaning; `detail` is in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    texts: Texts
    request_id: str
    errors: list[FieldError] | None = None


def language_of(accept: str) -> Language:
    """The language a caller reads, from Accept-Language: Chinese where it is liked better than English, else English."""
    return liked(accept) or "en"


def request_id(request: Request[Any, Any, Any]) -> str:
    """The number this request is logged under."""
    found: str = numbered(request.scope)["request_id"]
    return found


def respond(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    text: Text,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
) -> Response[bytes]:
    """The problem document as a response."""
    language = language_of(request.headers.get("accept-language", ""))
    title = TITLES.get(status) or Text(_phrase(status), _phrase(status))
    problem = Problem(
        type=f"urn:tripoint:problem:{code.lower()}",
        title=title.in_(language),
        status=status,
        detail=text.in_(language),
        code=code,
        texts=Texts(text.zh, text.en),
        request_id=request_id(request),
        errors=list(errors) or None,
    )
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Vary": "Accept-Language", **(headers or {})},
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)


def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    """A refusal by the one table."""
    status = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    headers: dict[str, str] = {}
    if isinstance(refusal, Busy):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
        metrics.REFUSED.labels(refusal.code).inc()
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="tripoint"'
    if isinstance(refusal, TooLarge):
        headers["Connection"] = "close"
    return respond(request, status, refusal.code, refusal.text, headers=headers, errors=_problems(refusal))


def _problems(refusal: Refusal) -> list[FieldError]:
    """Faults by their path, where a refusal carries them (a filings document does)."""
    return [
        FieldError(field=problem.path, message=f"{problem.text.zh} / {problem.text.en}")
        for problem in getattr(refusal, "problems", ())[:100]
    ]


def not_routed(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the router or the reading of parameters refuses: unknown address, wrong method, wrong parameter."""
    status = error.status_code
    if status >= 500:
        return faulted(request, error)
    code, text = ROUTING.get(status, (f"HTTP-{status}", Text(_phrase(status), _phrase(status))))
    said = {name.title(): value for name, value in (error.headers or {}).items()}
    headers = {name: value for name, value in said.items() if name != "Content-Type"}
    if "Allow" in headers:
        headers["Allow"] = allowed(headers["Allow"].split(", "))
    if status in (408, 413):
        headers["Connection"] = "close"
    return respond(request, status, code, text, headers=headers, errors=_field_errors(request, error))


def allowed(methods: Iterable[str]) -> str:
    """An Allow header: where something can be got, its head can be."""
    found = set(methods)
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def _field_errors(request: Request[Any, Any, Any], error: HTTPException) -> list[FieldError]:
    extra = error.extra
    if isinstance(extra, list):
        return [_field_error(request, entry) for entry in extra if isinstance(entry, dict)]
    return [FieldError(field="body", message=told(error.detail))] if error.status_code == 400 else []


def _field_error(request: Request[Any, Any, Any], entry: dict[str, Any]) -> FieldError:
    """What is wrong with one parameter or field, under the name that the caller wrote."""
    key, message = str(entry.get("key", "")), str(entry.get("message", ""))
    handler: Any = request.scope.get("route_handler")  # the door has none
    parameters = handler.parsed_fn_signature.parameters if handler is not None else {}
    if key == "data":
        return FieldError(field="body", message=NO_BODY if message == "'data'" else told(message))
    if key in parameters:
        name = getattr(parameters[key].kwarg_definition, "name", None) or key
        return FieldError(field=name, message=told(message, choices_of(parameters[key].annotation)))
    choices = choices_of(parameters["data"].annotation, key) if "data" in parameters else []
    return FieldError(field=key, message=told(message, choices))


def faulted(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: logged whole under the request's number; the caller learns only that number."""
    log.error(
        "fault", request_id=request_id(request), method=request.method, path=request.url.path, exc_info=error
    )
    code, text = FAULT
    return respond(request, 500, code, text)


def too_deep(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    """A JSON body whose brackets are nested deeper than is read; where there is none, the fault is ours."""
    if request.method in ("GET", "HEAD"):
        return faulted(request, error)
    code, text = ROUTING[400]
    told = FieldError(field="body", message="nested too deeply / 嵌套层数过多")
    return respond(request, 400, code, text, errors=[told])


HANDLERS: dict[int | type[Exception], Any] = {
    Refusal: refused,
    HTTPException: not_routed,
    RecursionError: too_deep,
    Exception: faulted,
}
"""How each kind of exception is answered."""


def wired(request: Request[Any, Any, Any], error: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the problem document of what stopped a request, as they go out."""
    response = answer_to(request, error)
    said = response.headers | {"Content-Type": MEDIA_TYPE}
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in said.items()]
    return response.status_code or 500, headers, response.content


def answer_to(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The problem document of what stopped a request, where the framework does not look it up by itself."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    response: Response[bytes] = handler(request, error)
    return response
