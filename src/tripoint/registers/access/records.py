"""What access is made of: keys with scopes, the principal a key speaks for, webhook endpoints and deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import polars as pl


class Scope(StrEnum):
    """What a key allows: the first two are for enterprises, the next for the operator; the last two open the console only."""

    SEND = "send"
    READ = "read"
    OPERATOR = "operator"
    OFFICER = "officer"
    ADMIN = "admin"
    LOGIN = "login"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: everything but its secret; `enterprise_code` is None for the operator's own.

    A session of the console names the key it was opened with: it ends and is revoked where that is.
    """

    key_id: str
    enterprise_code: str | None
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    opened_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key at the moment it is made; `text` is told this once and never again."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: an enterprise, or the operator of this computer where `enterprise_code` is None."""

    key_id: str
    enterprise_code: str | None
    scopes: frozenset[Scope]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an enterprise wants its receipts posted; no message types means all of them. `key_id`: the key it came with."""

    endpoint_id: int
    enterprise_code: str
    url: str
    secret: str = field(repr=False)
    message_types: tuple[str, ...]
    active: bool
    created_at: datetime
    key_id: str | None


class DeliveryState(StrEnum):
    """What has become of a delivery."""

    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message of the outbox on its way to one endpoint; `attempts` counts those that have ended."""

    delivery_id: int
    outbox_id: int
    endpoint_id: int
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """A delivery taken up for its next attempt, with all that is needed to make it."""

    delivery_id: int
    outbox_id: int
    attempts: int
    enterprise_code: str
    url: str
    secret: str = field(repr=False)


MESSAGES: dict[str, pl.DataType] = {
    "outbox_id": pl.Int64(),
    "recipient_code": pl.String(),
    "message_type": pl.String(),
}
"""Messages that have gone to the outbox, for the endpoints of their recipients."""
