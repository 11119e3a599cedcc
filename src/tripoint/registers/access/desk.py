"""What is done with access: give and take back keys, say who asks, keep endpoints, see deliveries through."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import polars as pl

from tripoint.database import Transaction
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.access import rules, store
from tripoint.registers.access.records import (
    ApiKey,
    Delivery,
    DeliveryState,
    DueDelivery,
    Endpoint,
    IssuedKey,
    Principal,
    Scope,
)

PAGE_MOST = 1000
"""No page is longer than this."""

_NEWEST = 2**63 - 1
_NAME_MOST = 100
_ERROR_MOST = 500


def create_key(
    tx: Transaction,
    enterprise_code: str | None,
    name: str,
    scopes: Collection[Scope],
    *,
    now: datetime,
    expires_at: datetime | None = None,
    opened_with: str | None = None,
) -> IssuedKey:
    """Make a key for an enterprise, or for the operator (None); its text can never be read again. Raises Malformed."""
    rules.refuse_scopes(enterprise_code, scopes)
    rules.refuse_lifetime(now, expires_at)
    if not name.strip() or len(name) > _NAME_MOST or enterprise_code == "":
        raise Malformed(
            "ACCESS-NAME", "密钥须有名称，至多 100 字", "a key needs a name of at most 100 characters"
        )
    number, secret = secrets.token_bytes(rules.KEY_ID_BYTES), secrets.token_bytes(rules.SECRET_BYTES)
    key = ApiKey(
        key_id=number.hex(),
        enterprise_code=enterprise_code,
        name=name.strip(),
        scopes=frozenset(scopes),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
        opened_with=opened_with,
    )
    store.save_key(tx, key, hashlib.sha256(secret).digest())
    return IssuedKey(key=key, text=rules.key_text(number, secret))


def authenticate(tx: Transaction, text: str, *, now: datetime) -> Principal:
    """Who holds this key; raises Unauthenticated. Its last use is noted at most once a minute."""
    key_id, given_hash = rules.split_key(text)
    key, kept_hash = store.find_key(tx, key_id) or (None, None)
    principal = rules.admit(key, kept_hash, given_hash, now)
    if key is not None and not rules.is_use_noted(key, now):
        store.note_use(tx, key_id, now, now - rules.USE_NOTED_EVERY)
    return principal


def keys(
    tx: Transaction, enterprise_code: str | None = None, *, after: str = "", limit: int = 100
) -> list[ApiKey]:
    """A page of keys: of one enterprise, the operator's where that is empty, everybody's where it is None."""
    return store.list_keys(tx, enterprise_code, after, _page(limit))


def revoke_key(tx: Transaction, key_id: str, *, at: datetime) -> ApiKey:
    """Take a key back for good; doing so again changes nothing. Raises Unknown."""
    store.revoke_key(tx, key_id, at)
    found = store.find_key(tx, key_id)
    if found is None:
        raise Unknown(
            "ACCESS-KEY-UNKNOWN", f"没有编号为 {key_id[:40]} 的密钥", f"no key has the number {key_id[:40]}"
        )
    return found[0]


def add_endpoint(
    tx: Transaction,
    enterprise_code: str,
    url: str,
    addresses: Sequence[str],
    *,
    now: datetime,
    message_types: Collection[str] = (),
    allow_private: bool = False,
    key_id: str | None = None,
) -> Endpoint:
    """Post an enterprise's receipts to an address; `addresses` is what its host resolves to. Raises Malformed, Conflict."""
    url = rules.plain_url(url)
    rules.refuse_address(addresses, allow_private=allow_private)
    store.lock_endpoints(tx, enterprise_code)
    number = store.save_endpoint(tx, enterprise_code, url, _secret(), message_types, now, key_id)
    if number is None:
        raise Conflict(
            "WEBHOOK-TWICE", "该企业已有此回调地址", "the enterprise has this webhook address already"
        )
    rules.refuse_many(store.count_active(tx, enterprise_code))
    return endpoint(tx, number)


def endpoint(tx: Transaction, endpoint_id: int) -> Endpoint:
    """The endpoint of one number; raises Unknown."""
    found = store.find_endpoint(tx, endpoint_id)
    if found is None:
        raise Unknown(
            "WEBHOOK-UNKNOWN",
            f"没有编号为 {endpoint_id} 的回调地址",
            f"no webhook has the number {endpoint_id}",
        )
    return found


def endpoints(
    tx: Transaction, enterprise_code: str | None = None, *, after: int = 0, limit: int = 100
) -> list[Endpoint]:
    """A page of endpoints: of one enterprise, or everybody's."""
    return store.list_endpoints(tx, enterprise_code, after, _page(limit))


def webhooks_of_key(tx: Transaction, key_id: str) -> list[int]:
    """The addresses in use that a key registered: they go on when it is revoked."""
    return store.in_use_by_key(tx, key_id)


def renew_secret(tx: Transaction, endpoint_id: int) -> Endpoint:
    """Sign what goes to an endpoint with a new secret, from the next attempt on. Raises Unknown."""
    store.set_secret(tx, endpoint_id, _secret())
    return endpoint(tx, endpoint_id)


def _secret() -> str:
    return f"whsec_{secrets.token_hex(rules.SECRET_BYTES)}"


def set_active(tx: Transaction, endpoint_id: int, active: bool) -> Endpoint:
    """Switch an endpoint on or off; what is due to it waits meanwhile. Raises Unknown, Conflict."""
    found = endpoint(tx, endpoint_id)
    if found.active is active:
        return found
    store.lock_endpoints(tx, found.enterprise_code)
    store.set_active(tx, endpoint_id, active)
    if active:
        rules.refuse_many(store.count_active(tx, found.enterprise_code))
    return endpoint(tx, endpoint_id)


def enqueue(tx: Transaction, messages: pl.DataFrame, *, now: datetime) -> int:
    """Plan the deliveries of messages that have gone to the outbox (MESSAGES); the same message again plans nothing."""
    return store.enqueue(tx, messages, now) if messages.height else 0


def claim(
    tx: Transaction,
    *,
    now: datetime,
    lease: timedelta,
    limit: int = 100,
    under_way: Sequence[str] = (),
) -> list[DueDelivery]:
    """Take up due deliveries; several workers may ask at once, none gets another's. Commit before posting.

    `under_way` names the enterprise of each delivery that the worker has not ended yet: none has more than its share.
    """
    return store.claim(tx, now, now + lease, _page(limit), under_way, rules.UNDER_WAY_MOST)


def delivered(tx: Transaction, delivery_id: int, *, now: datetime) -> None:
    """The partner has taken a delivery."""
    store.finish(
        tx, delivery_id, DeliveryState.DELIVERED, next_attempt_at=None, finished_at=now, last_error=None
    )


def failed(tx: Transaction, delivery: DueDelivery, error: str, *, now: datetime) -> datetime | None:
    """The attempt has failed; returns when the next one is due, None where it is given up."""
    again = rules.next_attempt(delivery.attempts + 1, now, delivery.delivery_id)
    store.finish(
        tx,
        delivery.delivery_id,
        DeliveryState.GIVEN_UP if again is None else DeliveryState.DUE,
        next_attempt_at=again,
        finished_at=now if again is None else None,
        last_error=error[:_ERROR_MOST],
    )
    return again


def deliveries(
    tx: Transaction, endpoint_id: int, *, before: int | None = None, limit: int = 100
) -> list[Delivery]:
    """A page of an endpoint's deliveries, newest first."""
    return store.list_deliveries(tx, endpoint_id, _NEWEST if before is None else before, _page(limit))


def redeliver(tx: Transaction, delivery_id: int, *, now: datetime) -> Delivery:
    """Try a delivery that was given up once more from the beginning. Raises Unknown."""
    store.redeliver(tx, delivery_id, now)
    found = store.find_delivery(tx, delivery_id)
    if found is None:
        raise Unknown(
            "WEBHOOK-DELIVERY-UNKNOWN",
            f"没有编号为 {delivery_id} 的投递",
            f"no delivery has the number {delivery_id}",
        )
    return found


def _page(limit: int) -> int:
    if not 1 <= limit <= PAGE_MOST:
        raise Malformed(
            "PAGE-LIMIT", f"每页条数须在 1 至 {PAGE_MOST} 之间", f"a page has 1 to {PAGE_MOST} rows"
        )
    return limit
