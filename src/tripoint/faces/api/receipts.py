"""Receipts out: what each paper was answered, one by one as JSON, or packed as the messages partners read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, Router, get
from litestar.params import QueryParameter, SkipValidation

from tripoint.exchange import store as inbox
from tripoint.faces.api.callers import Caller, KnownKeys, Wired, authenticate, require_read
from tripoint.faces.api.fetching import MEDIA_TYPE, Fetching
from tripoint.faces.api.operations import BIGGEST, After, Limit, RowId, Word, problems
from tripoint.faces.api.outbox import Outbox, Outgoing, outgoing, page
from tripoint.platforms.clearance.answers import desk as answers

WAIT_SECONDS_MAX = 30

Wait = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=WAIT_SECONDS_MAX,
        description="Where there is nothing yet, wait so many seconds for the first.",
    ),
]
Answered = Annotated[
    int | None, QueryParameter(ge=1, le=BIGGEST, name="message", description="Only answers to this message.")
]


Fetches = SkipValidation[Fetching]
"""What it takes to fetch what goes out, as a handler receives it."""


class Receipt(msgspec.Struct, omit_defaults=True):
    """One answer to one paper. `message_id` and `position` name the paper; `return_status` is the wire's own."""

    receipt_id: int
    outbox_id: int
    message_type: str
    message_id: int
    position: int
    return_status: str
    return_info: str
    return_time: datetime
    recipient_code: str
    guid: str | None = None
    order_no: str | None = None
    marketplace_code: str | None = None
    merchant_code: str | None = None
    provider_code: str | None = None
    payment_no: str | None = None
    carrier_code: str | None = None
    waybill_no: str | None = None
    waybill_status: str | None = None
    declarant_code: str | None = None
    customs_code: str | None = None
    operator_code: str | None = None
    cop_no: str | None = None
    pre_no: str | None = None
    list_no: str | None = None
    warehouse_in_no: str | None = None
    tax_no: str | None = None


class Receipts(msgspec.Struct):
    """A page of receipts, oldest first; ask again with `after` set to `last`."""

    items: list[Receipt]
    last: int
    more: bool


def receipt(row: dict[str, Any]) -> Receipt:
    """One row of the receipts."""
    known = {
        key: value
        for key, value in row.items()
        if key in Receipt.__struct_fields__ and value not in (None, "")
    }
    return Receipt(
        **{"return_info": ""}
        | known
        | {"message_id": row["answers"], "recipient_code": row["recipient_code"]}
    )


@get(
    "/receipts",
    summary="Receipts, oldest first",
    description="Poll with the cursor `after`; with `wait` the answer is held back until there is a receipt, at most so long.",
    responses=problems(400, 401, 403, 503),
    tags=["receipts"],
)
async def listed(
    caller: Caller,
    engine: Wired,
    fetching: Fetches,
    keys: KnownKeys,
    request: Request[Any, Any, Any],
    after: After = 0,
    limit: Limit = 100,
    wait: Wait = 0,
    order_no: Word = None,
    message_type: Word = None,
    return_status: Word = None,
    answered: Answered = None,
) -> Receipts:
    """The caller's receipts; the operator sees everybody's."""
    recipient_code = require_read(caller)

    def ask() -> list[dict[str, Any]]:
        with engine.transaction() as tx:
            return list(
                answers.receipts(
                    tx,
                    recipient_code=recipient_code,
                    after=after,
                    most=limit + 1,
                    order_no=order_no,
                    message_type=message_type,
                    return_status=return_status,
                    answers=answered,
                )
            )

    rows = await patiently(ask, wait, partial(fetching.mail.heard, recipient_code), fetching.mail.newest)
    if wait:
        await authenticate(request, keys)  # the key may be over meanwhile
    items = [receipt(row) for row in rows[:limit]]
    return Receipts(items=items, last=items[-1].receipt_id if items else after, more=len(rows) > limit)


Rows = list[dict[str, Any]]


async def patiently(
    ask: Callable[[], Rows],
    seconds: int,
    heard: Callable[[int], Awaitable[int]],
    newest: Callable[[], Awaitable[int]],
) -> Rows:
    """What there is, at once where there is something, otherwise as soon as there is or the time is over.

    The database is asked again only when something has gone out to whoever asks.
    """
    if not seconds:
        return await to_thread.run_sync(ask)
    known = await newest()
    rows = await to_thread.run_sync(ask)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not rows:
                known = await heard(known)
                rows = await to_thread.run_sync(ask)
    return rows


@get(
    "/outbox",
    summary="Outgoing messages, oldest first",
    responses=problems(400, 401, 403, 503),
    tags=["receipts"],
)
async def outbox(
    caller: Caller,
    engine: Wired,
    fetching: Fetches,
    after: After = 0,
    limit: Limit = 100,
    message_type: Word = None,
    answered: Answered = None,
) -> Outbox:
    """The messages made of receipts, without their bodies."""
    if message_type is None and answered is None:
        return await fetching.page(caller, after, limit)
    recipient_code = require_read(caller)

    def ask() -> list[Outgoing]:
        wanted: dict[str, Any] = {
            "recipient_code": recipient_code,
            "after": after,
            "most": limit + 1,
            "message_type": message_type,
        }
        with engine.transaction() as tx:
            if answered is None:
                rows = inbox.outgoing(tx, **wanted)
            else:
                rows = answers.answering(tx, answered, **wanted)
        return [outgoing(row) for row in rows]

    return page(await to_thread.run_sync(ask), after, limit)


@get(
    "/outbox/{outbox_id:int}",
    media_type=MEDIA_TYPE,
    summary="An outgoing message as CEB XML",
    description="Compressed where `Accept-Encoding` names `zstd`; what is not written yet is waited for, two seconds at most.",
    responses=problems(400, 401, 403, 404, 503),
    tags=["receipts"],
)
async def body(
    outbox_id: RowId, caller: Caller, fetching: Fetches, request: Request[Any, Any, Any]
) -> Response[bytes]:
    """The message as its recipient reads it; always the same bytes."""
    given = await fetching.body(caller, outbox_id, request.headers.get("accept-encoding", ""))
    return Response(given.content, media_type=MEDIA_TYPE, headers=given.headers)


router = Router("/", route_handlers=[listed, outbox, body])
