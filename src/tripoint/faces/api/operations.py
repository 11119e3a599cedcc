"""What the OpenAPI description says beyond the handlers' own signatures: raw bodies, security, problem answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import PathParameter, QueryParameter

from tripoint.faces.api.problems import MEDIA_TYPE, TITLES, Problem

XML_TYPES = ("application/xml", "text/xml", "application/octet-stream")

SAMPLE = '<?xml version="1.0" encoding="UTF-8"?>\n<ceb:CEB311Message guid="…" version="1.0" xmlns:ceb="http://www.chinaport.gov.cn/ceb">…</ceb:CEB311Message>'

BIGGEST = 2**63 - 1

RowId = Annotated[int, PathParameter(ge=1, le=BIGGEST, description="The number of the thing asked for.")]
After = Annotated[
    int,
    QueryParameter(ge=0, le=BIGGEST, description="Give what comes after this number; 0 begins at the start."),
]
Before = Annotated[
    int | None,
    QueryParameter(
        ge=1, le=BIGGEST, description="Give what lies before this number; none begins at the newest."
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most.")]
State = Annotated[
    Literal["received", "read", "unreadable"] | None,
    QueryParameter(name="state", description="Only those in this state."),
]
Word = Annotated[str | None, QueryParameter(max_length=100, min_length=1, pattern=r"^[^\x00]+$")]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Problem documents an operation may answer with, for its description."""
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description=TITLES[status].en,
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }


def location() -> ResponseHeader:
    """The Location header of something new."""
    return ResponseHeader(name="Location", description="Where the new thing is.", documentation_only=True)


def _xml_body(kinds: Iterable[str]) -> RequestBody:
    schema = Schema(
        type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description="The message's bytes, unchanged."
    )
    media = {
        kind: OpenAPIMediaType(
            schema=schema, examples={"order": Example(summary="An order (311)", value=SAMPLE)}
        )
        for kind in kinds
    }
    return RequestBody(
        content=media,
        required=True,
        description="A bare CEB message, or one in a DxpMsg or DxpMsgSv envelope.",
    )


@dataclass
class XmlOperation(Operation):
    """An operation whose body is a message as partners send it."""

    def __post_init__(self) -> None:
        """Describe the body, which the handler reads by itself."""
        self.request_body = _xml_body(XML_TYPES)
