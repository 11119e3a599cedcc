"""Webhooks: where an enterprise wants its receipts posted, and what became of each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from anyio import to_thread
from litestar import Response, Router, get, patch, post
from litestar.params import JSONBody, SkipValidation

from tripoint.app import Engine
from tripoint.faces.api.callers import Caller, Wired, require_read, require_send
from tripoint.faces.api.operations import After, Before, Limit, RowId, location, problems
from tripoint.kernel.refusals import Malformed, Unknown
from tripoint.registers.access import desk as access
from tripoint.registers.access import rules
from tripoint.registers.access.names import Names
from tripoint.registers.access.records import Delivery, DeliveryState, Endpoint, Principal
from tripoint.registers.filings import desk as filings

MessageType = Annotated[
    str,
    msgspec.Meta(
        pattern="^CEB(312|412|512|514|622|624|626|712|816|818|900)$",
        description="The type of a receipt; another one would never be posted.",
        examples=["CEB622"],
    ),
]


LookUps = SkipValidation[Names]
"""The look-ups of names, as a handler receives them."""


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    """An address for receipts; no message types means all. The operator names the enterprise."""

    url: Annotated[str, msgspec.Meta(max_length=2000, examples=["https://erp.example.com/customs"])]
    message_types: Annotated[list[MessageType], msgspec.Meta(max_length=50)] = []
    enterprise_code: Annotated[str, msgspec.Meta(min_length=1, max_length=18)] | None = None


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    """Switched off, a webhook gets nothing new; what is due waits."""

    active: bool


class Webhook(msgspec.Struct):
    """A webhook without its secret; `key_id` is the key it was registered with, null where that was not noted."""

    endpoint_id: int
    enterprise_code: str
    url: str
    message_types: list[str]
    active: bool
    created_at: datetime
    key_id: str | None


class WebhookMade(Webhook):
    """A new webhook; `secret` (the key of the signatures) is told this once."""

    secret: str


class Webhooks(msgspec.Struct):
    """A page of webhooks; ask again with `after` set to `last`."""

    items: list[Webhook]
    last: int


class Posted(msgspec.Struct):
    """A delivery of one outgoing message. `state`: due, delivered, given_up."""

    delivery_id: int
    outbox_id: int
    endpoint_id: int
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None


class Deliveries(msgspec.Struct):
    """A page of deliveries, newest first; `next_before` is the cursor of the next page, null on the last."""

    items: list[Posted]
    next_before: int | None


def _webhook(endpoint: Endpoint) -> Webhook:
    return Webhook(
        endpoint_id=endpoint.endpoint_id,
        enterprise_code=endpoint.enterprise_code,
        url=endpoint.url,
        message_types=list(endpoint.message_types),
        active=endpoint.active,
        created_at=endpoint.created_at,
        key_id=endpoint.key_id,
    )


def _made(endpoint: Endpoint) -> WebhookMade:
    known = _webhook(endpoint)
    return WebhookMade(
        **{name: getattr(known, name) for name in Webhook.__struct_fields__}, secret=endpoint.secret
    )


def _posted(delivery: Delivery) -> Posted:
    return Posted(**{name: getattr(delivery, name) for name in Posted.__struct_fields__})


@post(
    "/webhooks",
    summary="Register a webhook",
    response_headers=[location()],
    responses=problems(400, 401, 403, 404, 409, 413, 503),
    tags=["webhooks"],
)
async def register(
    data: JSONBody[NewWebhook], caller: Caller, engine: Wired, names: LookUps
) -> Response[WebhookMade]:
    """Receipts made from now on are posted to the address."""
    owner = _require_change(caller) or data.enterprise_code
    if owner is None:
        raise Malformed("WEBHOOK-ENTERPRISE", "请指明 enterprise_code", "name the enterprise_code")
    rules.require_enterprise(caller, data.enterprise_code or owner)
    addresses = await names.numbers(owner, *rules.webhook_host(data.url))
    made = await to_thread.run_sync(_add, engine, caller, owner, data, addresses)
    return Response(_made(made), status_code=201, headers={"Location": f"/v1/webhooks/{made.endpoint_id}"})


def _add(engine: Engine, caller: Principal, owner: str, data: NewWebhook, addresses: list[str]) -> Endpoint:
    with engine.transaction() as tx:
        if caller.enterprise_code is None:
            filings.enterprise(tx, owner)
        return access.add_endpoint(
            tx,
            owner,
            data.url,
            addresses,
            now=engine.clock.now(),
            message_types=data.message_types,
            allow_private=engine.settings.webhook_private,
            key_id=caller.key_id,
        )


@get(
    "/webhooks",
    sync_to_thread=True,
    summary="Webhooks",
    responses=problems(400, 401, 403, 503),
    tags=["webhooks"],
)
def listed(caller: Caller, engine: Wired, after: After = 0, limit: Limit = 100) -> Webhooks:
    """The caller's webhooks; the operator sees everybody's."""
    owner = require_read(caller)
    with engine.transaction() as tx:
        items = [_webhook(found) for found in access.endpoints(tx, owner, after=after, limit=limit)]
    return Webhooks(items=items, last=items[-1].endpoint_id if items else after)


def _require_change(caller: Principal) -> str | None:
    """Whose webhooks the caller may change: its own enterprise's, or everybody's (None). Raises Forbidden.

    Whoever only reads must not: what an address is posted goes on when the key is over.
    """
    owner = require_read(caller)
    require_send(caller)
    return owner


def _own(engine: Engine, caller: Caller, endpoint_id: int) -> Endpoint:
    """The caller's endpoint; raises Unknown, also for another's."""
    owner = require_read(caller)
    with engine.transaction() as tx:
        found = access.endpoint(tx, endpoint_id)
    if owner not in (None, found.enterprise_code):
        raise Unknown(
            "WEBHOOK-UNKNOWN",
            f"没有编号为 {endpoint_id} 的回调地址",
            f"no webhook has the number {endpoint_id}",
        )
    return found


@get(
    "/webhooks/{endpoint_id:int}",
    sync_to_thread=True,
    summary="One webhook",
    responses=problems(400, 401, 403, 404, 503),
    tags=["webhooks"],
)
def one(endpoint_id: RowId, caller: Caller, engine: Wired) -> Webhook:
    """The webhook, without its secret."""
    return _webhook(_own(engine, caller, endpoint_id))


@patch(
    "/webhooks/{endpoint_id:int}",
    sync_to_thread=True,
    summary="Switch a webhook on or off",
    responses=problems(400, 401, 403, 404, 409, 413, 503),
    tags=["webhooks"],
)
def switch(endpoint_id: RowId, data: JSONBody[Switch], caller: Caller, engine: Wired) -> Webhook:
    """The webhook as it is now."""
    _require_change(caller)
    _own(engine, caller, endpoint_id)
    with engine.transaction() as tx:
        return _webhook(access.set_active(tx, endpoint_id, data.active))


@post(
    "/webhooks/{endpoint_id:int}/secret",
    status_code=200,
    sync_to_thread=True,
    summary="Give a webhook a new secret",
    responses=problems(400, 401, 403, 404, 503),
    tags=["webhooks"],
)
def renew(endpoint_id: RowId, caller: Caller, engine: Wired) -> WebhookMade:
    """The webhook with its new secret, told this once; from the next attempt on the old one signs nothing."""
    _require_change(caller)
    _own(engine, caller, endpoint_id)
    with engine.transaction() as tx:
        return _made(access.renew_secret(tx, endpoint_id))


@get(
    "/webhooks/{endpoint_id:int}/deliveries",
    sync_to_thread=True,
    summary="A webhook's deliveries, newest first",
    responses=problems(400, 401, 403, 404, 503),
    tags=["webhooks"],
)
def deliveries(
    endpoint_id: RowId, caller: Caller, engine: Wired, before: Before = None, limit: Limit = 100
) -> Deliveries:
    """What became of each."""
    _own(engine, caller, endpoint_id)
    with engine.transaction() as tx:
        items = [_posted(found) for found in access.deliveries(tx, endpoint_id, before=before, limit=limit)]
        last = items[-1].delivery_id if items else 0
        more = access.deliveries(tx, endpoint_id, before=last, limit=1)
    return Deliveries(items=items, next_before=last if more else None)


@post(
    "/webhooks/{endpoint_id:int}/deliveries/{delivery_id:int}/redelivery",
    status_code=200,
    sync_to_thread=True,
    summary="Try a delivery again that was given up",
    responses=problems(400, 401, 403, 404, 503),
    tags=["webhooks"],
)
def redeliver(endpoint_id: RowId, delivery_id: RowId, caller: Caller, engine: Wired) -> Posted:
    """The delivery, due again from the beginning; one that is due or delivered stays as it is."""
    _own(engine, caller, endpoint_id)
    with engine.transaction() as tx:
        found = access.deliveries(tx, endpoint_id, before=delivery_id + 1, limit=1)
        if not found or found[0].delivery_id != delivery_id:
            raise Unknown(
                "WEBHOOK-DELIVERY-UNKNOWN",
                f"没有编号为 {delivery_id} 的投递",
                f"no delivery has the number {delivery_id}",
            )
        return _posted(access.redeliver(tx, delivery_id, now=engine.clock.now()))


router = Router("/", route_handlers=[register, listed, one, switch, renew, deliveries, redeliver])
