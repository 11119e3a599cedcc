"""Declaration lists: where each stands, why, what tax, and everything that happened to it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Router, get
from litestar.params import PathParameter, QueryParameter

from tripoint.faces.api.callers import Caller, Wired, require_read
from tripoint.faces.api.operations import Limit, problems
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.platforms.clearance.enquiries.records import Explanation, JournalEntry, ListRow

Number = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=100,
        description="Order number, list number, pre-entry number or the declarant's own.",
    ),
]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, min_length=1, description="The cursor of the last list seen.")
]

ListState = Annotated[
    Literal["waiting", "released", "held", "refused", "inspect", "draft", "withdrawn", "cancelled"] | None,
    QueryParameter(name="state", description="Only those in this state."),
]


class Lists(msgspec.Struct):
    """A page of lists, newest first; `next_after` is the cursor of the next page, null on the last."""

    items: list[ListRow]
    next_after: str | None


class Journal(msgspec.Struct):
    """What happened to a list, in order of time."""

    items: list[JournalEntry]


@get(
    "/lists",
    sync_to_thread=True,
    summary="Lists, newest first",
    responses=problems(400, 401, 403, 503),
    tags=["lists"],
)
def listed(
    caller: Caller,
    engine: Wired,
    after: Cursor = None,
    limit: Limit = 100,
    list_state: ListState = None,
    code: Annotated[
        str | None, QueryParameter(max_length=40, min_length=1, description="Only lists with this finding.")
    ] = None,
) -> Lists:
    """Lists the caller is a party of; the operator sees all."""
    owner_code = require_read(caller)
    with engine.transaction() as tx:
        rows = enquiries.lists(
            tx, owner_code=owner_code, state=list_state, code=code, after=after, most=limit
        )
    return Lists(items=rows, next_after=rows[-1].cursor if len(rows) == limit else None)


def _explain(engine: Wired, number: str, owner_code: str | None) -> Explanation:
    with engine.transaction() as tx:
        return enquiries.explain(tx, number, owner_code)


@get(
    "/lists/{number:str}",
    sync_to_thread=True,
    summary="One list explained",
    responses=problems(400, 401, 403, 404, 409, 503),
    tags=["lists"],
)
def one(number: Number, caller: Caller, engine: Wired) -> Explanation:
    """Every finding with field, both values, rule, source and repair; tax line by line; the journal."""
    return _explain(engine, number, require_read(caller))


@get(
    "/lists/{number:str}/journal",
    sync_to_thread=True,
    summary="What happened to one list",
    responses=problems(400, 401, 403, 404, 409, 503),
    tags=["lists"],
)
def journal(number: Number, caller: Caller, engine: Wired) -> Journal:
    """Arrivals, faults, rulings and receipts in order of time."""
    return Journal(items=list(_explain(engine, number, require_read(caller)).journal))


router = Router("/", route_handlers=[listed, one, journal])
