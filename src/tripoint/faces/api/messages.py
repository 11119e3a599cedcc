"""Messages in: papers as partners send them, kept before they are acknowledged, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from tripoint.exchange import desk as exchange
from tripoint.exchange import store as inbox
from tripoint.faces.api.callers import Caller, Wired, require_read
from tripoint.faces.api.operations import (
    Before,
    Limit,
    RowId,
    State,
    Word,
    XmlOperation,
    location,
    problems,
)
from tripoint.faces.api.sending import Kept, MessageLinks, Sending, links, told
from tripoint.kernel.refusals import Unknown

Sends = SkipValidation[Sending]
"""What it takes to keep a message, as a handler receives it."""


class Message(msgspec.Struct, omit_defaults=True):
    """What became of a message. `state`: received (waits to be read), read, unreadable (see refusal_code)."""

    message_id: int
    received_at: datetime
    state: str
    sender_code: str
    channel: str
    bytes: int
    links: MessageLinks
    name: str | None = None
    digest: str | None = None
    message_type: str | None = None
    message_guid: str | None = None
    envelope_no: str | None = None
    cop_code: str | None = None
    dxp_id: str | None = None
    papers: int | None = None
    signature_policy: str | None = None
    signature_state: str | None = None
    signature_reason: str | None = None
    signer_code: str | None = None
    refusal_code: str | None = None
    refusal_text: str | None = None
    worked_at: datetime | None = None


class Messages(msgspec.Struct):
    """A page of messages, newest first; `next_before` is the cursor of the next page, null on the last."""

    items: list[Message]
    next_before: int | None


def _message(row: dict[str, Any]) -> Message:
    known = {
        key: value for key, value in row.items() if key in Message.__struct_fields__ and value is not None
    }
    return Message(**known | {"links": links(row["message_id"])})


@post(
    "/messages",
    status_code=202,
    summary="Send a message",
    description=(
        "The message is acknowledged when its bytes are committed: nothing that was answered with 202 is lost. The same "
        "bytes from the same enterprise are the same message: they get the first number again, with status 200."
    ),
    operation_class=XmlOperation,
    response_headers=[location()],
    request_max_body_size=None,
    responses=problems(400, 401, 403, 408, 413, 415, 503)
    | {200: ResponseSpec(Kept, generate_examples=False, description="The same bytes had come before.")},
    tags=["messages"],
)
async def send(request: Request[Any, Any, Any], sending: Sends) -> Response[Kept]:
    """Keep a message and say under which number."""
    kept = told(await sending.keep(request.scope, request.receive))
    return Response(kept, status_code=202 if kept.is_new else 200, headers={"Location": kept.links.self})


@get(
    "/messages",
    sync_to_thread=True,
    summary="Messages, newest first",
    responses=problems(400, 401, 403, 503),
    tags=["messages"],
)
def listed(
    caller: Caller,
    engine: Wired,
    before: Before = None,
    limit: Limit = 100,
    message_state: State = None,
    message_type: Word = None,
) -> Messages:
    """The caller's messages; the operator sees everybody's."""
    sender_code = require_read(caller)
    with engine.transaction() as tx:
        rows = inbox.messages(
            tx,
            most=limit + 1,
            before=before,
            sender_code=sender_code,
            state=message_state,
            message_type=message_type,
        )
    items = [_message(row) for row in rows[:limit]]
    return Messages(items=items, next_before=items[-1].message_id if len(rows) > limit else None)


@get(
    "/messages/{message_id:int}",
    sync_to_thread=True,
    summary="One message",
    responses=problems(400, 401, 403, 404, 503),
    tags=["messages"],
)
def one(message_id: RowId, caller: Caller, engine: Wired) -> Message:
    """What became of a message; another enterprise's is unknown."""
    sender_code = require_read(caller)
    with engine.transaction() as tx:
        return _message(exchange.message(tx, message_id, sender_code))


@get(
    "/messages/{message_id:int}/raw",
    sync_to_thread=True,
    media_type="application/octet-stream",
    summary="A message's bytes as they came",
    responses=problems(400, 401, 403, 404, 503),
    tags=["messages"],
)
def raw_bytes(message_id: RowId, caller: Caller, engine: Wired) -> Response[bytes]:
    """The bytes, unchanged."""
    sender_code = require_read(caller)
    with engine.transaction() as tx:
        raw = inbox.raw(tx, message_id, sender_code)
    if raw is None:
        raise Unknown("MESSAGE-UNKNOWN", f"没有报文 {message_id}", f"there is no message {message_id}")
    name = f'attachment; filename="message-{message_id}.xml"'
    return Response(raw, media_type="application/octet-stream", headers={"Content-Disposition": name})


router = Router("/", route_handlers=[send, listed, one, raw_bytes])
