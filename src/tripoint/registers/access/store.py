"""Keys, endpoints and deliveries in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import polars as pl

from tripoint.database import Row, Statements, Transaction
from tripoint.registers.access.records import (
    MESSAGES,
    ApiKey,
    Delivery,
    DeliveryState,
    DueDelivery,
    Endpoint,
    Scope,
)

_sql = Statements.load(__package__, "store.sql")


def save_key(tx: Transaction, key: ApiKey, secret_hash: bytes) -> None:
    """Add a key."""
    tx.run(
        _sql.save_key,
        key_id=key.key_id,
        secret_hash=secret_hash,
        enterprise_code=key.enterprise_code or "",
        name=key.name,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        opened_with=key.opened_with,
    )


def find_key(tx: Transaction, key_id: str) -> tuple[ApiKey, bytes] | None:
    """A key and the SHA-256 of its secret."""
    row = tx.one(_sql.find_key, key_id=key_id)
    return None if row is None else (_key(row), bytes(row["secret_hash"]))


def list_keys(tx: Transaction, enterprise_code: str | None, after: str, limit: int) -> list[ApiKey]:
    """Keys after a number: of one enterprise, the operator's where that is empty, everybody's where it is None."""
    rows = tx.rows(
        _sql.list_keys,
        everybody=enterprise_code is None,
        enterprise_code=enterprise_code or "",
        after=after,
        limit=limit,
    )
    return [_key(row) for row in rows]


def revoke_key(tx: Transaction, key_id: str, revoked_at: datetime) -> bool:
    """Revoke a key; False where there is none or it was revoked before."""
    return tx.run(_sql.revoke_key, key_id=key_id, revoked_at=revoked_at) > 0


def note_use(tx: Transaction, key_id: str, now: datetime, before: datetime) -> None:
    """Write that a key was used now, unless a use after `before` is written."""
    tx.run(_sql.note_use, key_id=key_id, now=now, before=before)


def save_endpoint(
    tx: Transaction,
    enterprise_code: str,
    url: str,
    secret: str,
    message_types: Collection[str],
    created_at: datetime,
    key_id: str | None,
) -> int | None:
    """Add an endpoint and return its number; None where the enterprise has one at that address."""
    number = tx.value(
        _sql.save_endpoint,
        enterprise_code=enterprise_code,
        url=url,
        secret=secret,
        message_types=sorted(set(message_types)),
        created_at=created_at,
        key_id=key_id,
    )
    return None if number is None else int(number)


def lock_endpoints(tx: Transaction, enterprise_code: str) -> None:
    """Until the transaction ends, nobody else changes how many endpoints the enterprise has in use."""
    tx.lock(f"tripoint.access.endpoints.{enterprise_code}")


def count_active(tx: Transaction, enterprise_code: str) -> int:
    """How many endpoints an enterprise has in use."""
    return int(tx.value(_sql.count_active, enterprise_code=enterprise_code))


def find_endpoint(tx: Transaction, endpoint_id: int) -> Endpoint | None:
    """The endpoint of one number."""
    row = tx.one(_sql.find_endpoint, endpoint_id=endpoint_id)
    return None if row is None else _endpoint(row)


def list_endpoints(tx: Transaction, enterprise_code: str | None, after: int, limit: int) -> list[Endpoint]:
    """Endpoints after a number: of one enterprise, or everybody's where that is None."""
    rows = tx.rows(
        _sql.list_endpoints,
        everybody=enterprise_code is None,
        enterprise_code=enterprise_code or "",
        after=after,
        limit=limit,
    )
    return [_endpoint(row) for row in rows]


def set_active(tx: Transaction, endpoint_id: int, active: bool) -> None:
    """Switch an endpoint on or off."""
    tx.run(_sql.set_active, endpoint_id=endpoint_id, active=active)


def set_secret(tx: Transaction, endpoint_id: int, secret: str) -> None:
    """Give an endpoint another secret."""
    tx.run(_sql.set_secret, endpoint_id=endpoint_id, secret=secret)


def in_use_by_key(tx: Transaction, key_id: str) -> list[int]:
    """The numbers of the endpoints in use that a key registered."""
    return [int(row["endpoint_id"]) for row in tx.rows(_sql.in_use_by_key, key_id=key_id)]


def enqueue(tx: Transaction, messages: pl.DataFrame, now: datetime) -> int:
    """A delivery of each message (MESSAGES) to each endpoint that wants it, once; returns how many are new."""
    tx.stage(
        "staged_messages", messages.select_seq(pl.col(name).cast(kind) for name, kind in MESSAGES.items())
    )
    return tx.run(_sql.enqueue, now=now)


def claim(
    tx: Transaction, now: datetime, lease_until: datetime, limit: int, under_way: Sequence[str], share: int
) -> list[DueDelivery]:
    """Take up due deliveries; one whose outcome is not told by `lease_until` is due again."""
    rows = tx.rows(
        _sql.claim, now=now, lease_until=lease_until, limit=limit, under_way=list(under_way), share=share
    )
    return sorted((DueDelivery(**row) for row in rows), key=lambda due: due.delivery_id)


def finish(
    tx: Transaction,
    delivery_id: int,
    state: DeliveryState,
    *,
    next_attempt_at: datetime | None,
    finished_at: datetime | None,
    last_error: str | None,
) -> bool:
    """One attempt has ended; False where the delivery was over before."""
    touched = tx.run(
        _sql.finish,
        delivery_id=delivery_id,
        state=state.value,
        next_attempt_at=next_attempt_at,
        finished_at=finished_at,
        last_error=last_error,
    )
    return touched > 0


def find_delivery(tx: Transaction, delivery_id: int) -> Delivery | None:
    """The delivery of one number."""
    row = tx.one(_sql.find_delivery, delivery_id=delivery_id)
    return None if row is None else _delivery(row)


def list_deliveries(tx: Transaction, endpoint_id: int, before: int, limit: int) -> list[Delivery]:
    """Deliveries of one endpoint numbered below `before`, newest first."""
    rows = tx.rows(_sql.list_deliveries, endpoint_id=endpoint_id, before=before, limit=limit)
    return [_delivery(row) for row in rows]


def redeliver(tx: Transaction, delivery_id: int, now: datetime) -> bool:
    """Make a delivery that was given up due again, from the beginning; False where it was not given up."""
    return tx.run(_sql.redeliver, delivery_id=delivery_id, now=now) > 0


def _key(row: Row) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        enterprise_code=row["enterprise_code"] or None,
        name=row["name"],
        scopes=frozenset(map(Scope, row["scopes"])),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        opened_with=row["opened_with"],
    )


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(**row | {"message_types": tuple(row["message_types"])})


def _delivery(row: Row) -> Delivery:
    return Delivery(**row | {"state": DeliveryState(row["state"])})
