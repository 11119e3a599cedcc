"""API keys, for the operator: give them out, look them over, take them back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from tripoint.faces.api.callers import Caller, KnownKeys, Wired, require_operator
from tripoint.faces.api.operations import Limit, location, problems
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.records import ApiKey, Scope
from tripoint.registers.filings import desk as filings

KeyId = Annotated[
    str, PathParameter(pattern="^[0-9a-f]{12}$", description="The number of the key, its middle part.")
]


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key to be made: for an enterprise (send, read), or for the operator where no enterprise is named."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["ERP"])]
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=5)]
    enterprise_code: Annotated[str, msgspec.Meta(min_length=1, max_length=18)] | None = None
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Key(msgspec.Struct):
    """A key without its secret."""

    key_id: str
    enterprise_code: str | None
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(Key):
    """A new key; `text` is told this once and never again."""

    text: str


class KeyRevoked(Key):
    """A key that is over; `webhooks` are the addresses in use that it registered: they go on until they are switched off."""

    webhooks: list[int]


class Keys(msgspec.Struct):
    """A page of keys; ask again with `after` set to `last`."""

    items: list[Key]
    last: str


def _fields(key: ApiKey) -> dict[str, object]:
    fields = {name: getattr(key, name) for name in Key.__struct_fields__}
    return fields | {"scopes": sorted(key.scopes)}


def _key(key: ApiKey) -> Key:
    return msgspec.convert(_fields(key), Key)


@post(
    "/keys",
    sync_to_thread=True,
    summary="Make a key",
    response_headers=[location()],
    responses=problems(400, 401, 403, 404, 413, 503),
    tags=["keys"],
)
def make(data: JSONBody[NewKey], caller: Caller, engine: Wired) -> Response[KeyMade]:
    """The key, for an enterprise that is filed; nobody gives a scope of the operator that he has not himself."""
    require_operator(caller)
    for scope in set(data.scopes) - {Scope.SEND, Scope.READ}:
        rules.require(caller, scope)
    with engine.transaction() as tx:
        issued = access.create_key(
            tx,
            data.enterprise_code,
            data.name,
            data.scopes,
            now=engine.clock.now(),
            expires_at=data.expires_at,
        )
        if data.enterprise_code is not None:
            filings.enterprise(tx, data.enterprise_code)
    made = msgspec.convert(_fields(issued.key) | {"text": issued.text}, KeyMade)
    return Response(made, status_code=201, headers={"Location": f"/v1/keys/{made.key_id}"})


@get("/keys", sync_to_thread=True, summary="Keys", responses=problems(400, 401, 403, 503), tags=["keys"])
def listed(
    caller: Caller,
    engine: Wired,
    after: Annotated[str, QueryParameter(max_length=12, description="Give what comes after this key.")] = "",
    limit: Limit = 100,
    enterprise_code: Annotated[str | None, QueryParameter(max_length=18, min_length=1)] = None,
) -> Keys:
    """Everybody's keys, or those of one enterprise."""
    require_operator(caller)
    with engine.transaction() as tx:
        items = [_key(key) for key in access.keys(tx, enterprise_code, after=after, limit=limit)]
    return Keys(items=items, last=items[-1].key_id if items else after)


@delete(
    "/keys/{key_id:str}",
    status_code=200,
    sync_to_thread=True,
    summary="Revoke a key",
    responses=problems(400, 401, 403, 404, 503),
    tags=["keys"],
)
def revoke(key_id: KeyId, caller: Caller, engine: Wired, keys: KnownKeys) -> KeyRevoked:
    """The key, revoked for good, and the webhooks that go on; doing so again changes nothing."""
    require_operator(caller)
    with engine.transaction() as tx:
        revoked = access.revoke_key(tx, key_id, at=engine.clock.now())
        webhooks = access.webhooks_of_key(tx, key_id)
    keys.forget()
    return msgspec.convert(_fields(revoked) | {"webhooks": webhooks}, KeyRevoked)


router = Router("/", route_handlers=[make, listed, revoke])
