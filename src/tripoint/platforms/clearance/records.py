"""The nouns of the clearance platform: what arrives, the bench that judges, and what a round of work did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

import polars as pl

from tripoint.documents.columns import TABLES
from tripoint.kernel.findings import Severity
from tripoint.messages.signatures.certificates import TrustedCertificates
from tripoint.regimes.findings import FindingText
from tripoint.regimes.model import Regimes


class SignaturePolicy(StrEnum):
    """What a missing or failing signature does: refuse the paper, be written down only, or not even be looked at."""

    REQUIRE = "require"
    RECORD = "record"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message as it lies in the inbox: its number, who handed it in (empty for the operator), when, and its bytes."""

    message_id: int
    sender_code: str
    received_at: datetime
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The messages that a round has taken, and its number: rounds decide in the order of their numbers."""

    number: int
    arrivals: Sequence[Arrival]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What judging needs beside the papers: the law, its words, the registers, and how strict to be.

    `enterprises` and `entrustments` are the register's whole tables (`registers.filings.store`). `labels` names fields
    as the wire does. `edition` is the digest of law and rates that decisions are kept with. Without `fast_lane` every
    message is read as a tree.
    """

    regimes: Regimes
    texts: Mapping[str, FindingText]
    severities: Mapping[tuple[str, str], Severity]
    ranks: Mapping[str, int]
    labels: Mapping[str, str]
    policy: SignaturePolicy
    trusted: TrustedCertificates
    enterprises: pl.DataFrame
    entrustments: pl.DataFrame
    edition: str
    fast_lane: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of paper: its tables, the columns of its business key, and who may sign it."""

    name: str
    table: str
    lines: str | None
    issuer: str | None
    number: str
    signers: tuple[str, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns of its stored table."""
        return TABLES[self.table].schema | {"recipient_code": pl.String()}

    @property
    def empty(self) -> pl.DataFrame:
        """Its stored table without rows; always the same frame."""
        return _empty(self.table)


@cache
def _empty(table: str) -> pl.DataFrame:
    return TABLES[table].empty().with_columns_seq(pl.lit(None, pl.String()).alias("recipient_code"))


KINDS: tuple[Kind, ...] = (
    Kind(
        name="order",
        table="orders",
        lines="order_lines",
        issuer="marketplace_code",
        number="order_no",
        signers=("marketplace_code", "merchant_code"),
    ),
    Kind(
        name="payment",
        table="payments",
        lines=None,
        issuer="provider_code",
        number="payment_no",
        signers=("provider_code",),
    ),
    Kind(
        name="waybill",
        table="waybills",
        lines=None,
        issuer="carrier_code",
        number="waybill_no",
        signers=("carrier_code",),
    ),
    Kind(
        name="list",
        table="lists",
        lines="list_lines",
        issuer="marketplace_code",
        number="order_no",
        signers=("declarant_code",),
    ),
    Kind(
        name="waybill_status",
        table="waybill_statuses",
        lines=None,
        issuer="carrier_code",
        number="waybill_no",
        signers=("carrier_code",),
    ),
    Kind(
        name="cancellation",
        table="cancellations",
        lines=None,
        issuer="declarant_code",
        number="list_no",
        signers=("declarant_code",),
    ),
    Kind(
        name="return_request",
        table="return_requests",
        lines="return_request_lines",
        issuer="declarant_code",
        number="cop_no",
        signers=("declarant_code",),
    ),
    Kind(
        name="warehouse_in",
        table="warehouse_ins",
        lines="warehouse_in_lines",
        issuer="operator_code",
        number="cop_no",
        signers=("operator_code", "carrier_code"),
    ),
)
"""Every kind of paper an enterprise sends, in the order the form numbers have (311, 411, 511, 621, 513, 623, 625, 711)."""

KIND_OF = {kind.name: kind for kind in KINDS}
TRIO = ("order", "payment", "waybill", "list")
"""The kinds that are matched with each other."""

LOCK = "clearance"
"""One round at a time decides: what two rounds each saw half of would wait for ever. It guards allowances as well."""

OPEN_STATES = ("waiting", "held", "refused")
"""A list in one of these is judged again when one of its papers changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a list stands: its state, the numbers it was given, who declared it, and the waybill it names."""

    state: str
    pre_no: str
    list_no: str | None
    declarant_code: str
    carrier_code: str
    waybill_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Whole sets of papers that came together, each paper new and its order not known before: held until they are ruled on.

    `papers` are frames by table, lines with their order_no; `versions` and `docket` what is written of them where they
    are not sealed at once.
    """

    order_nos: pl.Series
    papers: Mapping[str, pl.DataFrame]
    versions: pl.DataFrame
    docket: pl.DataFrame


NOTHING_FRESH = Fresh(
    order_nos=pl.Series("order_no", [], dtype=pl.String()),
    papers={},
    versions=pl.DataFrame(
        schema=dict.fromkeys(("kind", "issuer_code", "number", "order_no", "marketplace_code"), pl.String())
    ),
    docket=pl.DataFrame(
        schema={"message_id": pl.Int64(), "position": pl.Int32()}
        | dict.fromkeys(("order_no", "marketplace_code", "state", "pre_no"), pl.String())
        | {"received_at": pl.Datetime("us", "UTC")}
    ),
)
"""No fresh sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the papers of a round: each with its reception, the orders to be judged beside the fresh ones, and the sets not yet stored.

    `waiting` are the places of those papers of the touched orders that have no rows of their own.
    """

    received: pl.DataFrame
    touched: pl.Series
    waiting: pl.DataFrame
    states: dict[tuple[str, str | None], Standing]
    fresh: Fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What a round decided: every list judged (row per list), which of them changed, and the findings told."""

    lists: pl.DataFrame
    changed: pl.DataFrame
    told: pl.DataFrame
    taxes: pl.DataFrame


@dataclass(slots=True)
class Worked:
    """What a round of work did, counted; seconds by step, and of them what this process spent computing."""

    messages: int = 0
    bytes: int = 0
    unreadable: int = 0
    lanes: Counter[str] = field(default_factory=Counter)
    odd_papers: int = 0
    """Papers that went the reference lane though their message went the fast one."""
    papers: Counter[str] = field(default_factory=Counter)
    not_taken: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    receipts: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    decided_at: datetime | None = None
    """The moment that a single round's rulings and receipts bear."""

    def add(self, other: Worked) -> None:
        """Take another round's counts in."""
        self.messages += other.messages
        self.bytes += other.bytes
        self.unreadable += other.unreadable
        self.lanes += other.lanes
        self.odd_papers += other.odd_papers
        self.papers += other.papers
        self.not_taken += other.not_taken
        self.states += other.states
        self.findings += other.findings
        self.receipts += other.receipts
        for mine, its in ((self.seconds, other.seconds), (self.cpu_seconds, other.cpu_seconds)):
            for step, seconds in its.items():
                mine[step] = mine.get(step, 0.0) + seconds
